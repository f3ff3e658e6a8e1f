//! What the hub says a repository holds. The answer comes from outside, so nothing in it is believed unseen.

use super::digest::{Sum, is_hex};
use serde::Deserialize;

/// The files of one revision.
#[derive(Debug)]
pub(super) struct Listing {
    /// The revision's commit: forty hexadecimal digits.
    pub(super) commit: String,
    files: Vec<Sibling>,
}

/// One file to download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Its length as the hub claims it.
    pub(super) size: u64,
    /// Its checksum as the hub claims it.
    pub(super) sum: Sum,
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<Large>,
}

#[derive(Debug, Deserialize)]
struct Large {
    sha256: String,
}

impl Listing {
    /// Reads the hub's answer, or says what is wrong with it.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let answer: Answer =
            serde_json::from_slice(json).map_err(|e| format!("the answer is not a list of files: {e}"))?;
        if !is_hex(&answer.sha, 40) {
            return Err(format!("the answer names `{}`, which is no commit", shown(&answer.sha)));
        }
        if let Some(bad) = answer.siblings.iter().find(|s| !stays_inside(&s.rfilename)) {
            return Err(format!("the answer names a file outside the repository: `{}`", shown(&bad.rfilename)));
        }
        Ok(Self { commit: answer.sha.to_ascii_lowercase(), files: answer.siblings })
    }

    /// Whether the repository has the file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.iter().any(|f| f.rfilename == name)
    }

    /// The names of its files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|f| f.rfilename.as_str())
    }

    /// What is known about a file, or why it cannot be downloaded.
    pub(super) fn entry(&self, name: &str) -> Result<Entry, String> {
        let file = self
            .files
            .iter()
            .find(|f| f.rfilename == name)
            .ok_or_else(|| format!("`{}` is not in the repository", shown(name)))?;
        let sum = match &file.lfs {
            Some(large) => Sum::large(&large.sha256),
            None => file.blob_id.as_deref().and_then(Sum::git),
        };
        match (file.size, sum) {
            (Some(size), Some(sum)) => Ok(Entry { name: name.to_owned(), size, sum }),
            _ => Err(format!("the answer gives no size or checksum of `{}`", shown(name))),
        }
    }
}

/// Whether a name in a repository means a place inside it on every system.
fn stays_inside(name: &str) -> bool {
    let drive = name.as_bytes().get(1) == Some(&b':');
    let parts_are_names = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    parts_are_names && !drive && !name.contains(|c: char| c == '\\' || c.is_control())
}

/// Whether a name is that of a file, with no folder and nothing that a system reads in its own way.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A name from outside, fit for a message.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["", "/etc/passwd", "../up", "a/../../up", "a//b", "./a", "a\\b", "a\0b", "C:up", "a/.."] {
            assert!(!stays_inside(name), "{name:?}");
        }
        for name in ["config.json", "onnx/model.onnx", "a..b", ".gitattributes", "1_Pooling/config.json"] {
            assert!(stays_inside(name), "{name:?}");
        }
    }

    #[test]
    fn a_shard_is_a_plain_name() {
        assert!(is_plain("model-00001-of-00002.safetensors"));
        for name in ["", ".", "..", "a/b", "a\\b", "a:b", ".hidden", "a b"] {
            assert!(!is_plain(name), "{name:?}");
        }
    }

    #[test]
    fn a_file_without_checksum_is_not_downloaded() {
        let json = format!(r#"{{"sha":"{}","siblings":[{{"rfilename":"config.json"}}]}}"#, "a".repeat(40));
        let listing = Listing::parse(json.as_bytes()).expect("it is a listing");
        assert!(listing.has("config.json"));
        assert!(listing.entry("config.json").expect_err("neither size nor sum").contains("checksum"));
    }
}
