//! What the window says about tables of heads and their evidence.

use crate::analysis::measures::Measure;
use crate::gui::views::heads::work::Of;

/// The texts of one language. `{}` stands for what is filled in.
#[derive(Debug)]
#[expect(missing_docs, reason = "the English text says what each is")]
pub struct Words {
    pub heads: &'static str,
    pub evidence: &'static str,
    pub explanation_heads: &'static str,
    pub explanation_evidence: &'static str,
    pub source: &'static str,
    pub this_text: &'static str,
    pub this_text_tip: &'static str,
    pub corpus: &'static str,
    pub corpus_tip: &'static str,
    pub path: &'static str,
    pub path_hint: &'static str,
    pub path_tip: &'static str,
    pub choose: &'static str,
    pub choose_tip: &'static str,
    pub most: &'static str,
    pub most_tip: &'static str,
    pub measure: &'static str,
    pub measure_tip: &'static str,
    pub no_path: &'static str,
    pub no_model: &'static str,
    pub stop: &'static str,
    pub stop_tip: &'static str,
    pub find: &'static str,
    pub find_hint: &'static str,
    pub find_tip: &'static str,
    pub read_head: &'static str,
    pub read_paper: &'static str,
    pub read_layer: &'static str,
    pub read_label: &'static str,
    pub read_value: &'static str,
    pub save: &'static str,
    pub save_tip: &'static str,
    pub save_relations: &'static str,
    pub save_relations_tip: &'static str,
    pub of_text: &'static str,
    pub of_corpus: &'static str,
    pub lost: &'static str,
    pub earned: &'static str,
    pub skipped: &'static str,
    pub shortened: &'static str,
    pub other_model: &'static str,
    pub measuring: &'static str,
    pub progress: &'static str,
    pub again: &'static str,
    pub none_yet: &'static str,
    pub none_found: &'static str,
    pub column_head: &'static str,
    pub column_label: &'static str,
    pub falling: &'static str,
    pub rising: &'static str,
    pub column_weight: &'static str,
    pub column_from: &'static str,
    pub column_to: &'static str,
    pub column_offset: &'static str,
    pub column_sentence: &'static str,
    pub at: &'static str,
    pub sort_by: &'static str,
    pub sort_relations_by: &'static str,
    pub relation: &'static str,
    pub relation_tip: &'static str,
    pub no_relation: &'static str,
    pub never_asked: &'static str,
    pub tip_label: &'static str,
    pub tip_head: &'static str,
    pub cell: &'static str,
    pub cell_interval: &'static str,
    pub no_value: &'static str,
    pub relations_of: &'static str,
    pub relations_tip: &'static str,
    pub papers: &'static str,
    pub row_name: &'static str,
    pub evidence_of: &'static str,
    pub strongest: &'static str,
    pub strongest_note: &'static str,
    pub random: &'static str,
    pub random_note: &'static str,
    pub evidence_text: &'static str,
    pub evidence_corpus: &'static str,
    pub group: &'static str,
    pub group_tip: &'static str,
    pub by_offset: &'static str,
    pub by_query: &'static str,
    pub by_key: &'static str,
    pub group_count: &'static str,
    pub edge_name: &'static str,
    pub edge_tip: &'static str,
}

/// English.
pub static HEADS: Words = Words {
    heads: "Heads",
    evidence: "Evidence",
    explanation_heads: "Each row is a head. Numbers are means over the tokens of a text, or over the sentences of a corpus. \
                        The scores from self to induction are shares of what special tokens leave. A label stands only \
                        where it is earned.",
    explanation_evidence: "At the left the strongest edges of the head, at the right edges drawn at random. What both \
                            show is what the head does; what only the left shows is what it does at its best.",
    source: "Source",
    this_text: "This text",
    this_text_tip: "Measure heads on the sentence that stands above.",
    corpus: "Corpus",
    corpus_tip: "Measure heads over a file of sentences.",
    path: "Corpus file",
    path_hint: "A .txt with a sentence to each line, or a .conllu",
    path_tip: "The path of the corpus.",
    choose: "Choose\u{2026}",
    choose_tip: "Choose the corpus in a file dialog.",
    most: "Sentences",
    most_tip: "How many sentences are read, from the beginning of the file.",
    measure: "Measure",
    measure_tip: "Read the corpus and measure every head.",
    no_path: "Name a corpus first.",
    no_model: "Attention from a file comes without its model, and a corpus has to be read by one.",
    stop: "Stop reading",
    stop_tip: "Stop reading the corpus.",
    find: "Find heads",
    find_hint: "L7\u{b7}H9, 8-10, a label, self > 0.5",
    find_tip: "L7\u{b7}H9 and 7.9 count from 0, 8-10 counts from 1 as papers do, L7 is a layer, previous > 0.5 compares a \
               measure and nsubj > 0.1 the lift of a relation, other words are looked for in labels (/).",
    read_head: "Read as {}, counted from 0",
    read_paper: "Read as in papers, counted from 1: {}",
    read_layer: "Read as layer {}, counted from 0",
    read_label: "Labels with \u{201c}{}\u{201d}",
    read_value: "Heads with {}",
    save: "Save table\u{2026}",
    save_tip: "Write the table to a CSV or JSON file, in full precision.",
    save_relations: "Save relations\u{2026}",
    save_relations_tip: "Write every head with every relation to a CSV or JSON file.",
    of_text: "{} tokens of this text; no interval on a single text",
    of_corpus: "{} sentences of {}; 95 % intervals from 1 000 resamples of sentences",
    lost: "{} of {} pairs of words left out of the relations, a word of theirs is not made of whole tokens",
    earned: "On held-out sentences: lift {}, p {} after correction, {} pairs of words.",
    skipped: "{} not read",
    shortened: "{} cut to what the model reads",
    other_model: "This table is of another model. Measure again for this one.",
    measuring: "Measuring heads\u{2026}",
    progress: "{} of {} sentences",
    again: "Measure again",
    none_yet: "No corpus has been read yet.",
    none_found: "No head fits what is looked for.",
    column_head: "head",
    column_label: "label",
    falling: "falling",
    rising: "rising",
    column_weight: "weight",
    column_from: "from",
    column_to: "to",
    column_offset: "offset",
    column_sentence: "sentence",
    at: "{} at {}",
    sort_by: "Sort by {}",
    sort_relations_by: "Sort relations by {}",
    relation: "Relation",
    relation_tip: "Add columns to the table: how well each head finds this dependency relation.",
    no_relation: "none",
    never_asked: "No pair of words here asks for it in this direction.",
    tip_label: "What the head does, where that is earned.",
    tip_head: "Layer and head, counted from 0.",
    cell: "{}: {}, {} cases",
    cell_interval: "{}: {}, from {} to {}, {} sentences",
    no_value: "nothing here can show it",
    relations_of: "Relations of {}",
    relations_tip: "How often the word that the head attends to most is the other end of the relation, how often the word at \
                    the best fixed offset is, and the difference with its interval.",
    papers: "papers: {}",
    row_name: "Row {}",
    evidence_of: "What {} attends to",
    strongest: "Strongest",
    strongest_note: "The 20 strongest of {} edges.",
    random: "Random",
    random_note: "20 edges drawn from all of them, each with a chance proportional to its weight.",
    evidence_text: "From this text alone: a head is not understood from one sentence. Measure a corpus under Heads.",
    evidence_corpus: "{} sentences of {}. Left out: {} weights on special tokens, from them, or of a token with itself.",
    group: "Group by",
    group_tip: "What the edges are gathered by, with their counts.",
    by_offset: "Offset",
    by_query: "From",
    by_key: "To",
    group_count: "{} \u{b7} {}",
    edge_name: "{}: {} to {}, {}",
    edge_tip: "Line {}. A click opens the sentence here.",
};

/// What is known of a relation as its column is headed.
pub fn title_of(of: Of) -> &'static str {
    match of {
        Of::Relation => "relation",
        Of::Direction => "direction",
        Of::Lift => "lift",
        Of::Interval => "interval",
        Of::Accuracy => "accuracy",
        Of::Baseline => "baseline",
        Of::N => "n",
    }
}

/// What is known of a relation, in one sentence.
pub fn tip_of(of: Of) -> &'static str {
    match of {
        Of::Relation => "A dependency relation of the treebank.",
        Of::Direction => {
            "From which end the other is looked for. A causal model is asked only where the answer comes before."
        }
        Of::Lift => "Accuracy less baseline: what place alone does not explain.",
        Of::Interval => "Where the lift lies with 95 % confidence, from 1 000 resamples of sentences.",
        Of::Accuracy => {
            "How often the word that the head attends to most is the other end of the relation (Clark et al. 2019, 4.2)."
        }
        Of::Baseline => "How often the word at the best fixed offset is the other end (Voita et al. 2019, 5.2).",
        Of::N => "How many pairs of words the relation has here.",
    }
}

/// A measure as its column is headed.
pub fn title(measure: Measure) -> &'static str {
    match measure {
        Measure::Entropy => "entropy",
        Measure::Distance => "distance",
        Measure::Confidence => "confidence",
        Measure::Itself => "self",
        Measure::Previous => "previous",
        Measure::Next => "next",
        Measure::SameToken => "same token",
        Measure::Induction => "induction",
        Measure::First => "first",
        Measure::Delimiter => "delimiter",
        Measure::SinkShare => "sink share",
        Measure::Punctuation => "punctuation",
        Measure::Evenness => "evenness",
    }
}

/// What a measure is, in one sentence.
pub fn tip(measure: Measure) -> &'static str {
    match measure {
        Measure::Entropy => {
            "How spread a row of attention is, in nats: 0 is one token, ln n is all alike (Clark et al. 2019, 3.3)."
        }
        Measure::Distance => "How far a token looks, in tokens, weighted by attention (Vig and Belinkov 2019, 4.2).",
        Measure::Confidence => "The largest weight of a row (Voita et al. 2019, 4).",
        Measure::Itself => "Attention of a token to itself, of what special tokens leave (HeadVis).",
        Measure::Previous => "Attention to the token before, of what special tokens leave (HeadVis).",
        Measure::Next => "Attention to the token after, of what special tokens leave (HeadVis).",
        Measure::SameToken => {
            "Attention to the same token elsewhere, of what special tokens leave (Olsson et al. 2022)."
        }
        Measure::Induction => {
            "Attention to what followed the same token earlier, of what special tokens leave (Olsson et al. 2022)."
        }
        Measure::First => "Attention to the first token of the sequence, special or not (Clark et al. 2019, 3.2).",
        Measure::Delimiter => "Attention to separators and to . , ; : ! ? (Clark et al. 2019, 3.2).",
        Measure::SinkShare => {
            "Attention to special tokens, or to the first token where there are none (Xiao et al. 2023)."
        }
        Measure::Punctuation => "Attention to . , ; : ! ? of what special tokens leave.",
        Measure::Evenness => "How even attention is beside special tokens: 1 is all alike.",
    }
}
