//! stub
#![expect(missing_docs, unused_variables, clippy::todo)]
use crate::{Result, text::Tokens};
use std::path::{Path, PathBuf};
pub struct Tokenizer {}
impl Tokenizer {
    pub fn open(path: &Path, family: &str) -> Result<Self> {
        todo!()
    }
    pub fn encode(&self, text: &str, pair: Option<&str>, limit: usize) -> Result<Tokens> {
        todo!()
    }
    pub fn mask(&self) -> Option<(&str, u32)> {
        todo!()
    }
    pub fn pad_id(&self) -> u32 {
        todo!()
    }
    pub fn token(&self, id: u32) -> Option<String> {
        todo!()
    }
    pub fn is_unknown(&self, id: u32) -> bool { todo!() }
    pub fn size(&self) -> usize {
        todo!()
    }
    pub fn describe(&self) -> String {
        todo!()
    }
    pub fn files(&self) -> &[PathBuf] {
        todo!()
    }
}
