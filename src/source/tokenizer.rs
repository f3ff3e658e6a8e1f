//! From text to tokens that know their place in it.

use super::vocabulary::{Kind, ROLES, Vocabulary};
use crate::error::{Error, Result};
use crate::text::{Piece, Tokens};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tokenizers::tokenizer::{AddedToken, Encoding, PostProcessor, Token};

/// A tokenizer as its files describe it. The text is never rewritten and the limit is the model's.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    files: Vec<PathBuf>,
    /// What stands around one text, and around two.
    frames: [Vec<Slot>; 2],
    mask: Option<(String, u32)>,
    unknown: Option<u32>,
    end: Option<u32>,
    pad: u32,
    description: String,
}

/// One place of what the model reads.
#[derive(Debug, Clone, PartialEq)]
enum Slot {
    /// A token that the tokenizer adds.
    Special { id: u32, piece: String, text: u32, segment: u32 },
    /// All tokens of text number `text`.
    Text { text: u32, segment: u32 },
}

/// The names of special tokens where the files give none, in the order of [`ROLES`].
fn names(kind: Kind) -> [&'static str; 7] {
    match kind {
        Kind::Bert => ["", "", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"],
        Kind::Roberta => ["<s>", "</s>", "<unk>", "</s>", "<pad>", "<s>", "<mask>"],
        Kind::Gpt2 => ["<|endoftext|>", "<|endoftext|>", "", "", "", "", ""],
    }
}

impl Tokenizer {
    /// Opens the tokenizer of a model folder; `family` and `class` are the configuration's `model_type` and
    /// `tokenizer_class`.
    pub fn open(folder: &Path, family: &str, class: Option<&str>) -> Result<Self> {
        let vocabulary = Vocabulary::read(folder, family, class)?;
        let main = vocabulary.files.last().cloned().unwrap_or_else(|| folder.to_path_buf());
        let bad = |e: &dyn std::fmt::Display| Error::format(&main, e.to_string());
        let bytes = serde_json::to_vec(&vocabulary.json).map_err(|e| bad(&e))?;
        let mut inner = tokenizers::Tokenizer::from_bytes(bytes).map_err(|e| bad(&e))?;

        let roles = add(&mut inner, &vocabulary).map_err(|e| bad(&e))?;
        let [bos, eos, unknown, sep, pad, cls, mask] = roles;

        let causal = family == "gpt2";
        let mut frames = [frame(&inner, 1), frame(&inner, 2)];
        if !frames[0].iter().any(|slot| matches!(slot, Slot::Special { .. })) {
            match (vocabulary.kind, &cls, &sep) {
                (Kind::Gpt2, ..) => {
                    let wanted = |switch, token: &Option<_>| {
                        token.clone().filter(|_| !vocabulary.is_whole && vocabulary.is_set(switch))
                    };
                    frames =
                        around_each(wanted("add_bos_token", &bos).as_ref(), wanted("add_eos_token", &eos).as_ref());
                }
                (kind, Some(cls), Some(sep)) => frames = customary(kind, cls, sep),
                _ if causal => {}
                _ => return Err(bad(&"it has neither a rule for special tokens nor a [CLS] and a [SEP]")),
            }
        }
        let has_types = matches!(family, "bert" | "electra" | "albert");
        for frame in &mut frames {
            number_by_text(frame);
            for slot in frame {
                let (Slot::Special { text, segment, .. } | Slot::Text { text, segment }) = slot;
                if !has_types {
                    *segment = *text;
                } else if !vocabulary.gives_types() {
                    *segment = 0;
                }
            }
        }
        // What stands around a text is known now; the library must not add it a second time.
        inner.with_post_processor(None::<tokenizers::PostProcessorWrapper>);

        let kind = vocabulary.json["model"]["type"].as_str().unwrap_or("unknown kind");
        let lower = match vocabulary.json["normalizer"]["lowercase"].as_bool() {
            Some(true) => ", lower-cased",
            Some(false) => ", cased",
            None => "",
        };
        Ok(Self {
            description: format!("{kind}, {} entries{lower}", inner.get_vocab_size(true)),
            files: vocabulary.files,
            frames,
            mask,
            unknown: unknown.map(|(_, id)| id),
            end: eos.map(|(_, id)| id),
            pad: pad.map_or(0, |(_, id)| id),
            inner,
        })
    }

    /// The tokens of a text, or of a pair, at most `limit` of them: the longer text loses its end first.
    pub fn encode(&self, text: &str, pair: Option<&str>, limit: usize) -> Result<Tokens> {
        let texts: Vec<&str> = std::iter::once(text).chain(pair).collect();
        let mut parts = Vec::with_capacity(texts.len());
        for (number, text) in texts.iter().enumerate() {
            let which = if number == 0 { "the text" } else { "the second text" };
            if text.trim().is_empty() {
                return Err(Error::input(format!("{which} is empty")));
            }
            let part = self.inner.encode(*text, false);
            let part = part.map_err(|e| Error::input(format!("{which} cannot be split into tokens: {e}")))?;
            if part.is_empty() {
                return Err(Error::input(format!("{which} holds nothing that is a token")));
            }
            parts.push(part);
        }

        let frame = &self.frames[parts.len() - 1];
        let around = frame.iter().filter(|slot| matches!(slot, Slot::Special { .. })).count();
        let lengths: Vec<usize> = parts.iter().map(Encoding::len).collect();
        let Some(room) = limit.checked_sub(around).filter(|&room| room >= parts.len()) else {
            return Err(Error::input(format!("a limit of {limit} tokens leaves no room for the text")));
        };
        let kept = shorten(&lengths, room);
        let dropped = lengths.iter().sum::<usize>() - kept.iter().sum::<usize>();

        let mut pieces = Vec::with_capacity(around + kept.iter().sum::<usize>());
        for slot in frame {
            match slot {
                Slot::Special { id, piece, text, segment } => pieces.push(Piece {
                    piece: piece.clone(),
                    id: *id,
                    start: 0,
                    end: 0,
                    text: *text,
                    segment: *segment,
                    special: true,
                    word: None,
                    unknown: false,
                }),
                Slot::Text { text, segment } => {
                    let number = *text as usize;
                    let pieces_of = self.of_text(&parts[number], texts[number], *text, *segment);
                    pieces.extend(pieces_of.take(kept[number]));
                }
            }
        }
        Ok(Tokens { texts: texts.into_iter().map(Into::into).collect(), pieces, dropped })
    }

    /// The tokens of one text, `typed` by a person and counted by `text`.
    fn of_text<'a>(
        &'a self,
        part: &'a Encoding,
        typed: &'a str,
        text: u32,
        segment: u32,
    ) -> impl Iterator<Item = Piece> + 'a {
        let words = part.get_word_ids();
        part.get_tokens().iter().zip(part.get_ids()).zip(part.get_offsets()).enumerate().map(
            move |(i, ((piece, &id), &(start, end)))| {
                let (start, end) = span(typed, start, end);
                let word = words.get(i).copied().flatten();
                let unknown = self.is_unknown(id);
                Piece { piece: piece.clone(), id, start, end, text, segment, special: false, word, unknown }
            },
        )
    }

    /// The mask token and its id; `None` for models that have none.
    pub fn mask(&self) -> Option<(&str, u32)> {
        self.mask.as_ref().map(|(piece, id)| (piece.as_str(), *id))
    }

    /// The id of the token that ends a text, where the vocabulary has one.
    pub fn end(&self) -> Option<u32> {
        self.end
    }

    /// The text that tokens spell, special ones included; a character that they spell only in part is U+FFFD.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        self.inner.decode(ids, false).map_err(|e| Error::input(format!("tokens cannot be joined to a text: {e}")))
    }

    /// The one token that `word` is, as id and piece: an entry of the vocabulary as it is written there, or a word that
    /// the tokenizer makes one token of. Where the token `instead_of` begins with a mark of a space before it, so does
    /// the new one.
    pub fn one(&self, word: &str, instead_of: &str) -> Result<(u32, String)> {
        let entry = |piece: String| self.inner.token_to_id(&piece).map(|id| (id, piece));
        let mark = instead_of.chars().next().filter(|c| ['\u{120}', '\u{2581}'].contains(c));
        if let Some(found) = mark.and_then(|mark| entry(format!("{mark}{}", word.trim_start()))) {
            return Ok(found);
        }
        if let Some(found) = entry(word.to_owned()) {
            return Ok(found);
        }
        let typed = if mark.is_some() { format!(" {}", word.trim_start()) } else { word.to_owned() };
        let read = self.inner.encode(typed.as_str(), false);
        let read = read.map_err(|e| Error::input(format!("`{word}` cannot be split into tokens: {e}")))?;
        match (read.get_ids(), read.get_tokens()) {
            ([id], [piece]) if !self.is_unknown(*id) => Ok((*id, piece.clone())),
            ([_] | [], _) => Err(Error::input(format!("`{word}` is not in the model's vocabulary"))),
            (ids, pieces) => Err(Error::input(format!(
                "`{word}` is {} tokens to this model ({}), and one can take the place of one",
                ids.len(),
                pieces.join(" ")
            ))),
        }
    }

    /// The id that fills a batch up; 0 where the vocabulary has none.
    pub fn pad_id(&self) -> u32 {
        self.pad
    }

    /// The entry with this id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Whether the id stands for everything that the vocabulary cannot spell.
    pub fn is_unknown(&self, id: u32) -> bool {
        self.unknown == Some(id)
    }

    /// How many entries there are, added tokens included.
    pub fn size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Kind, size and case, for people.
    pub fn describe(&self) -> &str {
        &self.description
    }

    /// The files that it was read from.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer").field("description", &self.description).finish_non_exhaustive()
    }
}

/// What the tokenizer's own rule puts around one text or two, read off two texts of one marked token each.
fn frame(inner: &tokenizers::Tokenizer, texts: usize) -> Vec<Slot> {
    const MARKS: [u32; 2] = [u32::MAX - 1, u32::MAX];
    let bare = || (0..texts as u32).map(text).collect();
    let Some(rule) = inner.get_post_processor() else { return bare() };
    let marked = |text: usize| Encoding::from_tokens(vec![Token::new(MARKS[text], "x".to_owned(), (0, 1))], 0);
    let Ok(read) = rule.process(marked(0), (texts == 2).then(|| marked(1)), true) else { return bare() };
    let places = read.get_ids().iter().zip(read.get_type_ids()).zip(read.get_tokens());
    let slots: Vec<Slot> = places
        .map(|((&id, &segment), piece)| match MARKS.iter().position(|&m| m == id) {
            Some(text) => Slot::Text { text: text as u32, segment },
            None => Slot::Special { id, piece: piece.clone(), text: 0, segment },
        })
        .collect();
    let complete = (0..texts as u32).all(|t| slots.iter().any(|s| matches!(s, Slot::Text { text, .. } if *text == t)));
    if complete { slots } else { bare() }
}

/// A special token and its id.
type Named = (String, u32);

/// Adds the tokens that are found in a text before anything else: those that the files list and the special ones.
/// Gives what there is for each of [`ROLES`].
fn add(inner: &mut tokenizers::Tokenizer, vocabulary: &Vocabulary) -> tokenizers::Result<[Option<Named>; 7]> {
    let (mut next, mut tokens) = (inner.get_vocab_size(false) as u32, Vec::<AddedToken>::new());
    let mut known = BTreeSet::new();
    let mut take = |id: Option<u32>, token: AddedToken| {
        let found = inner.token_to_id(&token.content);
        // One that would get another id than the model knows it by is none.
        if token.content.is_empty() || id.is_some_and(|id| id != found.unwrap_or(next)) {
            return;
        }
        if known.insert(token.content.clone()) {
            next += u32::from(found.is_none());
            tokens.push(token);
        }
    };
    let listed = vocabulary.added();
    let special: Vec<String> = listed.iter().filter(|(_, t)| t.special).map(|(_, t)| t.content.clone()).collect();
    for (id, token) in listed {
        take(id, token);
    }
    ROLES.iter().filter_map(|role| vocabulary.special_token(role)).for_each(|token| take(None, token));
    vocabulary.more().into_iter().for_each(|token| take(None, token));
    let names = names(vocabulary.kind);
    for (role, name) in ROLES.iter().zip(names) {
        if vocabulary.special(role).is_none() && inner.token_to_id(name).is_some() {
            // The RoBERTa tokenizer gives the space before <mask> to it.
            take(None, AddedToken::from(name, true).lstrip(name == "<mask>"));
        }
    }
    inner.add_tokens(tokens)?;

    let mut roles: [Option<Named>; 7] = Default::default();
    for (i, found) in roles.iter_mut().enumerate() {
        // Other kinds' names count where the files list them as special.
        let others = [Kind::Bert, Kind::Roberta].map(|kind| self::names(kind)[i]);
        let others = others.into_iter().filter(|name| special.iter().any(|s| s == name));
        let mut candidates =
            vocabulary.special(ROLES[i]).into_iter().chain([names[i]]).chain(others).filter(|name| !name.is_empty());
        *found = candidates.find_map(|name| inner.token_to_id(name).map(|id| (name.to_owned(), id)));
    }
    Ok(roles)
}

/// What the kinds of tokenizers put around their texts.
fn customary(kind: Kind, cls: &Named, sep: &Named) -> [Vec<Slot>; 2] {
    let single = vec![special(cls, 0), text(0), special(sep, 0)];
    let mut pair = single.clone();
    if kind == Kind::Roberta {
        pair.extend([special(sep, 0), text(1), special(sep, 0)]);
        // RoBERTa knows no types.
        for slot in &mut pair {
            let (Slot::Special { segment, .. } | Slot::Text { segment, .. }) = slot;
            *segment = 0;
        }
    } else {
        pair.extend([text(1), special(sep, 1)]);
    }
    [single, pair]
}

/// The same before and after each text.
fn around_each(before: Option<&Named>, after: Option<&Named>) -> [Vec<Slot>; 2] {
    let one = |number: u32| {
        let place = |token: Option<&Named>| token.map(|token| special(token, number));
        place(before).into_iter().chain([text(number)]).chain(place(after))
    };
    [one(0).collect(), one(0).chain(one(1)).collect()]
}

fn special(token: &Named, segment: u32) -> Slot {
    Slot::Special { id: token.1, piece: token.0.clone(), text: segment, segment }
}

fn text(text: u32) -> Slot {
    Slot::Text { text, segment: text }
}

/// Which text special tokens belong to: the first text ends with the first special token after it.
fn number_by_text(frame: &mut [Slot]) {
    let mut now = 0;
    let mut seen_first = false;
    for slot in frame {
        match slot {
            Slot::Text { text, .. } => {
                now = *text;
                seen_first = true;
            }
            Slot::Special { text, .. } => {
                *text = now;
                if seen_first {
                    now = 1;
                }
            }
        }
    }
}

/// How many tokens of each text are kept so that `room` is enough: the longer text gives first, and where both must,
/// each gets half. Equals the library's `longest_first`.
fn shorten(lengths: &[usize], room: usize) -> Vec<usize> {
    match *lengths {
        [a, b] if a + b > room => {
            let (short, long) = if a > b { (b, a) } else { (a, b) };
            let (short, long) = if short.saturating_mul(2) > room {
                (room / 2, room - room / 2)
            } else {
                (short, long.min(room - short))
            };
            if a > b { vec![long, short] } else { vec![short, long] }
        }
        [a] => vec![a.min(room)],
        _ => lengths.to_vec(),
    }
}

/// A span on whole characters and without the white space before its word.
fn span(text: &str, start: usize, end: usize) -> (usize, usize) {
    let end = text.ceil_char_boundary(end.min(text.len()));
    let start = text.floor_char_boundary(start.min(end));
    let inside = &text[start..end];
    let word = inside.trim_start();
    if word.is_empty() { (start, end) } else { (end - word.len(), end) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::find;
    use crate::trace::Control;

    fn bundled() -> Tokenizer {
        let folder = find::model(find::DEFAULT, &Control::default()).expect("the bundled model");
        Tokenizer::open(&folder, "bert", None).expect("its tokenizer")
    }

    #[test]
    fn every_token_knows_its_place_in_the_text_as_typed() {
        let text = "  Caf\u{e9}s\u{3000}SHUT; \u{5317}\u{4eac}!";
        let tokens = bundled().encode(text, None, 512).expect("some tokens");
        let typed: Vec<&str> = (0..tokens.len()).map(|i| tokens.source(i)).collect();
        assert_eq!(typed.concat(), "Caf\u{e9}sSHUT;\u{5317}\u{4eac}!");
        assert_eq!(&*tokens.texts[0], text);
        assert!(tokens.pieces[0].special && tokens.pieces[tokens.len() - 1].special);
    }

    #[test]
    fn a_typed_mask_is_a_token_of_the_text() {
        let tokenizer = bundled();
        let tokens = tokenizer.encode("The [MASK] sat.", None, 512).expect("some tokens");
        let (_, mask) = tokenizer.mask().expect("BERT has one");
        let at = tokens.pieces.iter().position(|p| p.id == mask).expect("it is read as one token");
        assert_eq!((tokens.source(at), tokens.pieces[at].special), ("[MASK]", false));
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let tokens = bundled().encode(&"day ".repeat(100), Some("night"), 20).expect("some tokens");
        assert_eq!((tokens.len(), tokens.dropped), (20, 100 + 1 - 17));
        assert_eq!(tokens.segments()[19], 1);
    }

    #[test]
    fn the_longer_text_gives_first() {
        assert_eq!(shorten(&[2, 9], 8), [2, 6]);
        assert_eq!(shorten(&[9, 2], 8), [6, 2]);
        assert_eq!(shorten(&[9, 9], 7), [3, 4]);
        assert_eq!(shorten(&[10, 9], 7), [4, 3]);
        assert_eq!(shorten(&[2, 3], 8), [2, 3]);
        assert_eq!(shorten(&[9], 4), [4]);
    }

    #[test]
    fn empty_text_is_refused() {
        for text in ["", "  \n"] {
            assert!(matches!(bundled().encode(text, None, 9), Err(Error::Input { .. })));
        }
        assert!(bundled().encode("a", Some(" "), 9).is_err());
    }

    #[test]
    fn two_separators_stand_between_texts_in_roberta() {
        let mut frame = customary(Kind::Roberta, &("<s>".into(), 0), &("</s>".into(), 2))[1].clone();
        number_by_text(&mut frame);
        let texts: Vec<u32> = frame
            .iter()
            .map(|s| match s {
                Slot::Special { text, .. } | Slot::Text { text, .. } => *text,
            })
            .collect();
        assert_eq!(texts, [0, 0, 0, 1, 1, 1]);
    }
}
