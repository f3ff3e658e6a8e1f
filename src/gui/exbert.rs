//! Links to exBERT, the tool, which keep its whole state in their query:
//! `.../exbert/?model=bert-large-uncased&sentence=The%20girl&layer=0&heads=..0,1&threshold=0.36&tokenInd=null&...`.
//!
//! What a link says is read as it was meant: exBERT itself ignores `hideClsSep`, masks token 9 where `maskInds` is
//! missing, and swaps `metaMatch` and `metaMax`. Layers, heads and tokens count from 0.

/// What a link says, as far as this window has it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Link {
    /// The model, e.g. `bert-large-uncased`.
    pub model: Option<String>,
    /// The sentence.
    pub sentence: Option<String>,
    /// The layer.
    pub layer: Option<usize>,
    /// The selected heads; exBERT draws their sum.
    pub heads: Option<Vec<usize>>,
    /// The share of each row's mass that is drawn, 0 to 1.
    pub threshold: Option<f32>,
    /// The pinned token, and whether it is one that is attended to (at the right).
    pub pinned: Option<(usize, bool)>,
    /// Masked tokens.
    pub masked: Vec<usize>,
    /// Whether special tokens are hidden.
    pub hide_special: Option<bool>,
    /// Parts of it that cannot be read, as `name=value`.
    pub faults: Vec<String>,
    /// Parts of it that this window has nothing for, by their names.
    pub left: Vec<String>,
}

/// Every name that exBERT writes.
const NAMES: [&str; 16] = [
    "model",
    "modelKind",
    "sentence",
    "corpus",
    "layer",
    "heads",
    "threshold",
    "tokenInd",
    "tokenSide",
    "maskInds",
    "metaMatch",
    "metaMax",
    "displayInspector",
    "offsetIdxs",
    "hideClsSep",
    "hideClsSepQuery",
];

impl Link {
    /// The link in a text that a person pasted; `None` where there is none.
    pub fn find(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let at = lower.find("exbert")?;
        let query = &text[at..][text[at..].find('?')? + 1..];
        // Between the name and the query stands nothing but the rest of an address.
        if text[at..].chars().take_while(|&c| c != '?').any(char::is_whitespace) {
            return None;
        }
        let parts = parts(query.split('#').next().unwrap_or_default());
        parts.iter().any(|(name, _)| ["sentence", "model"].contains(name)).then(|| Self::of(&parts))
    }

    fn of(parts: &[(&str, String)]) -> Self {
        let mut link = Self::default();
        let (mut token, mut side) = (None, None);
        for (name, value) in parts {
            let value = if *name == "sentence" { sentence(value) } else { decoded(value) };
            let value = value.as_str();
            let understood = match *name {
                "tokenInd" | "tokenSide" if value == "null" => true,
                "tokenInd" => put(&mut token, value.trim().parse().ok().map(Some)),
                "tokenSide" => put(&mut side, ["left", "right"].contains(&value).then_some(Some(value == "right"))),
                _ => link.take(name, value),
            };
            if !understood {
                link.faults.push(format!("{name}={value}"));
            }
        }
        link.pinned = token.map(|i| (i, side.unwrap_or(false)));
        link
    }

    /// Takes a part in; whether it can be read.
    fn take(&mut self, name: &str, value: &str) -> bool {
        let share = |t: &f32| (0.0..=1.0).contains(t);
        match name {
            "model" => put(&mut self.model, Some(Some(value.to_owned()).filter(|m| !m.is_empty()))),
            "sentence" => put(&mut self.sentence, Some(Some(value.to_owned()))),
            "layer" => put(&mut self.layer, value.trim().parse().ok().map(Some)),
            "heads" => put(&mut self.heads, list(value).map(Some)),
            "threshold" => put(&mut self.threshold, value.trim().parse().ok().filter(share).map(Some)),
            "maskInds" => put(&mut self.masked, list(value)),
            // Something of the old text may stand behind a link that was pasted into it.
            "hideClsSep" => {
                let read = [("true", true), ("false", false)].into_iter().find(|(word, _)| value.starts_with(word));
                put(&mut self.hide_special, read.map(|(_, hide)| Some(hide)))
            }
            "modelKind" => true,
            other => {
                self.left.push(other.to_owned());
                true
            }
        }
    }
}

/// Puts what was read in its place; whether anything was.
fn put<T>(place: &mut T, read: Option<T>) -> bool {
    let understood = read.is_some();
    if let Some(read) = read {
        *place = read;
    }
    understood
}

/// The parts of a query. exBERT leaves `&` in a sentence as it is: what begins with no known name belongs to the part
/// before it.
fn parts(query: &str) -> Vec<(&str, String)> {
    let mut parts: Vec<(&str, String)> = Vec::new();
    for part in query.split('&') {
        let known = part.split_once('=').and_then(|(name, value)| {
            let name = NAMES.iter().find(|n| **n == name)?;
            Some((*name, value))
        });
        match (known, parts.last_mut()) {
            (Some((name, value)), _) => parts.push((name, value.to_owned())),
            (None, Some((_, value))) => {
                value.push('&');
                value.push_str(part);
            }
            (None, None) => {}
        }
    }
    parts
}

/// A sentence: `+` is a space where no space is written otherwise, as forms write it.
fn sentence(value: &str) -> String {
    let spaced = value.contains(' ') || value.contains("%20");
    if spaced { decoded(value) } else { decoded(&value.replace('+', " ")) }
}

/// A text with `%e9%97%a8` read as the bytes of UTF-8 that it stands for; what is no such sign stands for itself.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digit = |i: usize| bytes.get(i).and_then(|&b| (b as char).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A list as exBERT writes it: `..0,1,2`, `..` for the empty one.
fn list(value: &str) -> Option<Vec<usize>> {
    let value = value.trim().trim_start_matches("..");
    let mut found: Vec<usize> = Vec::new();
    for number in value.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let number = number.parse().ok()?;
        if !found.contains(&number) {
            found.push(number);
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "https://huggingface.co/exbert/?model=bert-large-uncased&modelKind=bidirectional&sentence=The%20girl%20ran%20to%20a%20local%20pub%20to%20escape%20the%20din%20of%20her%20city.&layer=0&heads=..0,1,2,3&threshold=0.36&tokenInd=null&tokenSide=null&maskInds=..&hideClsSep=true";

    #[test]
    fn a_link_is_read_part_by_part() {
        let link = Link::find(SEED).expect("a link");
        assert_eq!(link.model.as_deref(), Some("bert-large-uncased"));
        assert_eq!(link.sentence.as_deref(), Some("The girl ran to a local pub to escape the din of her city."));
        assert_eq!((link.layer, link.heads, link.threshold), (Some(0), Some(vec![0, 1, 2, 3]), Some(0.36)));
        assert_eq!((link.pinned, link.masked, link.hide_special), (None, vec![], Some(true)));
        assert_eq!((link.faults.len(), link.left.len()), (0, 0));
    }

    #[test]
    fn the_defects_of_exbert_are_not_repeated() {
        let find =
            |query: &str| Link::find(&format!("http://exbert.net/exbert.html?sentence=a&{query}")).expect("a link");
        assert_eq!(find("hideClsSep=false").hide_special, Some(false), "exBERT hides them all the same");
        assert!(find("layer=2").masked.is_empty(), "exBERT masks token 9 where nothing is said");
        assert_eq!(find("maskInds=..9,3,9").masked, [9, 3]);
        assert_eq!(find("layer=23&heads=..15").layer, Some(23), "what a model has not is not clamped here");
        assert_eq!(
            find("corpus=woz&metaMatch=pos&metaMax=dep&offsetIdxs=..-1,0,1").left,
            ["corpus", "metaMatch", "metaMax", "offsetIdxs"]
        );
        assert_eq!(find("tokenInd=4&tokenSide=right").pinned, Some((4, true)));
        assert_eq!(find("tokenInd=4").pinned, Some((4, false)));
        assert_eq!(find("threshold=7&layer=x&heads=..a").faults, ["threshold=7", "layer=x", "heads=..a"]);
    }

    #[test]
    fn sentences_come_through() {
        let read = |text: &str| Link::find(&format!("exbert/?sentence={text}&layer=1")).expect("a link");
        assert_eq!(read("Tom%20&%20Jerry").sentence.as_deref(), Some("Tom & Jerry"), "exBERT leaves & as it is");
        assert_eq!(read("Tom & Jerry = 2").sentence.as_deref(), Some("Tom & Jerry = 2"));
        assert_eq!(read("a+b").sentence.as_deref(), Some("a b"));
        assert_eq!(read("1+1%20is%202").sentence.as_deref(), Some("1+1 is 2"));
        assert_eq!(read("%E9%97%A8%2").sentence.as_deref(), Some("\u{95e8}%2"));
        assert_eq!(read("100%25%zz%FF").sentence.as_deref(), Some("100%%zz\u{fffd}"));
        assert_eq!(read("a%26layer%3D3").layer, Some(1), "a coded & divides nothing");
    }

    #[test]
    fn other_texts_are_no_links() {
        for text in ["exbert", "What is exbert? A tool: model=x", "exbert/?layer=1", "https://a.b/?sentence=x", ""] {
            assert_eq!(Link::find(text), None, "{text}");
        }
        let pasted = format!("The old lady.{SEED}quickly opened");
        assert_eq!(Link::find(&pasted), Link::find(SEED), "pasted into a sentence");
    }

    #[test]
    fn no_damaged_link_does_harm_and_nothing_of_it_is_lost_unsaid() {
        let mut state = 11u64;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as usize) % below.max(1)
        };
        let (mut read, mut faulty) = (0, 0);
        for _ in 0..4000 {
            let mut bytes = SEED.as_bytes().to_vec();
            match draw(4) {
                0 => bytes.truncate(draw(SEED.len())),
                1 => {
                    let (at, to) = (draw(SEED.len()), draw(SEED.len()));
                    bytes.drain(at.min(to)..at.max(to));
                }
                2 => {
                    let at = draw(SEED.len());
                    bytes.splice(at..at, *b"%9&=,..7");
                }
                _ => {
                    for _ in 0..=draw(4) {
                        let at = draw(SEED.len());
                        bytes[at] = draw(256) as u8;
                    }
                }
            }
            let text = String::from_utf8_lossy(&bytes);
            let Some(link) = Link::find(&text) else { continue };
            read += 1;
            faulty += usize::from(!link.faults.is_empty());
            assert!(link.threshold.is_none_or(|t| (0.0..=1.0).contains(&t)), "{text}");
            for list in [link.heads.as_deref().unwrap_or_default(), &link.masked] {
                let once: std::collections::BTreeSet<_> = list.iter().collect();
                assert_eq!(once.len(), list.len(), "{text}");
            }
            let link_at = text.to_ascii_lowercase().find("exbert").expect("its name");
            let (_, query) = text[link_at..].split_once('?').expect("its query");
            let query = query.split('#').next().unwrap_or_default();
            let given = |name: &str| query.split('&').any(|part| part.split_once('=').is_some_and(|(n, _)| n == name));
            let said = |name: &str| link.faults.iter().any(|fault| fault.starts_with(&format!("{name}=")));
            let taken = [
                ("layer", link.layer.is_some()),
                ("heads", link.heads.is_some()),
                ("threshold", link.threshold.is_some()),
                ("hideClsSep", link.hide_special.is_some()),
            ];
            for (name, taken) in taken {
                assert_eq!(given(name), taken || said(name), "{name} of {text}");
            }
        }
        assert!(read > 2000 && faulty > 200, "{read} links of which {faulty} have faults");
    }
}
