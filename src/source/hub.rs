//! Models from the hub, in the cache that all hub libraries share: what one of them downloaded, the others find.
//!
//! A model whose configuration and weights are in the cache is opened from there without a word to the network.
//! Anything else is downloaded, with each file checked against the checksum that the hub gives for it; a download
//! that broke or was stopped goes on where it was.

mod cache;
mod digest;
mod listing;
mod part;
mod session;

use crate::error::{Error, Result};
use crate::trace::Control;
use cache::{Repo, WEIGHTS};
use listing::{Listing, shown};
use session::Session;
use std::path::PathBuf;

/// Where the hub is unless `HF_ENDPOINT` says otherwise.
const ENDPOINT: &str = "https://huggingface.co";

/// What a model needs beside its weights, where the repository has it. The first is never missing.
const FILES: [&str; 8] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
];

/// Whether `text` can be a model's name on the hub: `name` or `organisation/name`.
pub fn is_id(text: &str) -> bool {
    // Two dashes stand for the slash in the cache, so the hub allows them in no name.
    let is_segment = |s: &str| {
        (1..=96).contains(&s.len())
            && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && !s.starts_with(['.', '-'])
            && !s.contains("..")
            && !s.contains("--")
    };
    text.split('/').count() <= 2 && text.split('/').all(is_segment)
}

/// The hub and the folder that keeps what came from it.
#[derive(Clone)]
pub struct Hub {
    endpoint: String,
    cache: PathBuf,
    offline: bool,
    token: Option<String>,
}

impl Hub {
    /// The hub as the environment describes it: `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HF_TOKEN`, and for the cache
    /// `HF_HUB_CACHE`, `HF_HOME` or `XDG_CACHE_HOME`.
    pub fn from_env() -> Self {
        Self::described_by(|name| std::env::var(name).ok())
    }

    /// The hub at `endpoint` with its files below `cache`; one that is `offline` never asks the network.
    pub fn new(endpoint: &str, cache: impl Into<PathBuf>, offline: bool, token: Option<&str>) -> Self {
        let endpoint = endpoint.trim().trim_end_matches('/').to_owned();
        let token = token.map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        Self { endpoint, cache: cache.into(), offline, token }
    }

    fn described_by(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|v| !v.trim().is_empty());
        let home = || get("HOME").map(PathBuf::from).or_else(dirs::home_dir).unwrap_or_default();
        let folder = |name: &str| {
            get(name).map(|path| match path.strip_prefix("~/") {
                Some(below) => home().join(below),
                None => PathBuf::from(path),
            })
        };
        let cache = folder("HF_HUB_CACHE").unwrap_or_else(|| {
            let base = folder("HF_HOME").unwrap_or_else(|| {
                folder("XDG_CACHE_HOME").unwrap_or_else(|| home().join(".cache")).join("huggingface")
            });
            base.join("hub")
        });
        let offline = get("HF_HUB_OFFLINE")
            .is_some_and(|v| matches!(v.trim().to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE"));
        let endpoint = get("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        Self::new(&endpoint, cache, offline, get("HF_TOKEN").as_deref())
    }

    /// The folder of the model, downloaded if it is not on this machine yet.
    pub fn fetch(&self, id: &str, control: &Control) -> Result<PathBuf> {
        if !is_id(id) {
            return Err(no_model(id, "a model on the hub is called `name` or `organisation/name`"));
        }
        let found = self.cached(id);
        if self.offline {
            let why = "it is not in the cache, and HF_HUB_OFFLINE is set, so it is not downloaded";
            return found.ok_or_else(|| no_model(id, why));
        }
        match found {
            Some(folder) if is_tokenizer(|name| folder.join(name).is_file()) => Ok(folder),
            // Another program wanted the weights alone. If the rest cannot be had, the weights still can.
            Some(folder) => match self.download(id, control) {
                Err(Error::Network { .. } | Error::NoModel { .. }) => Ok(folder),
                other => other,
            },
            None => self.download(id, control),
        }
    }

    /// The folder of the model, if its configuration and weights are on this machine.
    pub fn cached(&self, id: &str) -> Option<PathBuf> {
        let repo = is_id(id).then(|| Repo::new(&self.cache, id))?;
        let folder = repo.snapshot(&repo.main()?);
        cache::is_complete(&folder).then_some(folder)
    }

    fn download(&self, id: &str, control: &Control) -> Result<PathBuf> {
        let session = Session::new(&self.endpoint, self.token.as_deref(), id)?;
        control.check()?;
        let listing = session.listing(control)?;
        if !listing.has(FILES[0]) {
            return Err(no_model(id, "the repository has no config.json"));
        }
        let Some(weights) = WEIGHTS.into_iter().find(|name| listing.has(name)) else {
            return Err(no_model(id, "the repository has no weights as safetensors or PyTorch files"));
        };
        // Without a tokenizer the weights, which are large, would be of no use.
        if !is_tokenizer(|name| listing.has(name)) {
            return Err(no_model(id, no_tokenizer(&listing)));
        }
        let repo = Repo::new(&self.cache, id);
        let folder = repo.snapshot(&listing.commit);
        let bring = |name: &str| {
            let entry = listing.entry(name).map_err(|why| no_model(id, why))?;
            repo.place(&listing.commit, &entry, control, |partial| {
                session.download(&listing.commit, &entry, partial, control)
            })
        };
        FILES.into_iter().filter(|name| listing.has(name)).try_for_each(bring)?;
        bring(weights)?;
        if cache::is_index(weights) {
            cache::shards(&folder.join(weights))?.iter().try_for_each(|name| bring(name))?;
        }
        repo.set_main(&listing.commit)?;
        Ok(folder)
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is a secret, and the address of a mirror may hold one.
        f.debug_struct("Hub").field("cache", &self.cache).field("offline", &self.offline).finish_non_exhaustive()
    }
}

/// Whether the files that are there make a tokenizer that can be read.
fn is_tokenizer(has: impl Fn(&str) -> bool) -> bool {
    has("tokenizer.json") || has("vocab.txt") || (has("vocab.json") && has("merges.txt"))
}

/// Says what a repository has instead of a tokenizer.
fn no_tokenizer(listing: &Listing) -> String {
    let is_like_one = |name: &&str| {
        let name = name.to_ascii_lowercase();
        !name.contains('/') && ["token", "vocab", "merges", "spiece", ".model"].iter().any(|s| name.contains(s))
    };
    let there: Vec<String> = listing.names().filter(is_like_one).take(8).map(shown).collect();
    let there = if there.is_empty() { "no file of one".to_owned() } else { there.join(", ") };
    format!(
        "the repository has no tokenizer that can be read (tokenizer.json, vocab.txt, or vocab.json with merges.txt): \
         there is {there}"
    )
}

fn no_model(id: &str, why: impl Into<String>) -> Error {
    Error::NoModel { name: id.to_owned(), why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn hub(variables: &[(&str, &str)]) -> Hub {
        Hub::described_by(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_id_is_one_or_two_plain_segments() {
        let longest = "a".repeat(96);
        for id in ["gpt2", "google-bert/bert-base-uncased", "a/b_c.d", "T5-3b", &longest] {
            assert!(is_id(id), "{id}");
        }
        let too_long = "a".repeat(97);
        let refused = ["", "/", "a/", "/a", "a/b/c", "..", "a/..", ".a", "-a", "a/-b", "a..b", "a--b", "a b", "a\\b"];
        for text in refused.into_iter().chain(["a:b", "é", "~", "a\n", too_long.as_str()]) {
            assert!(!is_id(text), "{text:?}");
        }
    }

    #[test]
    fn the_environment_says_where_the_cache_is() {
        assert_eq!(hub(&[("HOME", "/h")]).cache, Path::new("/h/.cache/huggingface/hub"));
        assert_eq!(hub(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]).cache, Path::new("/x/huggingface/hub"));
        assert_eq!(hub(&[("HF_HOME", "/f"), ("XDG_CACHE_HOME", "/x")]).cache, Path::new("/f/hub"));
        assert_eq!(hub(&[("HF_HUB_CACHE", "~/c"), ("HOME", "/h"), ("HF_HOME", "/f")]).cache, Path::new("/h/c"));
        assert_eq!(hub(&[("HF_HUB_CACHE", ""), ("HF_HOME", "/f")]).cache, Path::new("/f/hub"));
    }

    #[test]
    fn the_environment_says_how_to_reach_the_hub() {
        let plain = hub(&[]);
        assert_eq!((plain.endpoint.as_str(), plain.offline, plain.token), (ENDPOINT, false, None));
        let set = hub(&[("HF_ENDPOINT", "https://mirror.example/"), ("HF_HUB_OFFLINE", "true"), ("HF_TOKEN", " t\n")]);
        assert_eq!((set.endpoint.as_str(), set.offline), ("https://mirror.example", true));
        assert_eq!(set.token.as_deref(), Some("t"));
        assert!(!format!("{set:?}").contains("mirror"), "{set:?}");
        assert!(!hub(&[("HF_HUB_OFFLINE", "0")]).offline);
    }
}
