//! From text to a tree, by recursive descent:
//!
//! ```text
//! sum     = term (("+" | "-") term)*
//! term    = factor ("!" factor)*
//! factor  = "-" factor | number ["*"] factor | primary ("*" number)*
//! primary = word | '"' .. '"' | "avg" "(" list ")" | "{" list "}" | "(" sum ")"
//! list    = sum ("," sum)*
//! ```

use super::{Fault, Kind, Node, character};
use std::ops::Range;

/// How deep brackets and signs may be nested.
const DEPTH: usize = 64;
const OPERAND: &str = "a word, a number, avg(..), {..} or (..)";

pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mut parser = Parser { text, tokens: tokens(text)?, next: 0, depth: 0 };
    let node = parser.sum()?;
    match parser.peek() {
        None => Ok(node),
        Some(Token::Close(_) | Token::Comma) => Err(parser.unexpected("an operator or the end")),
        Some(_) => Err(parser.unexpected("+, -, ! or * (a word with spaces is put in quotes)")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A word, bare or quoted.
    Word(String),
    /// A bare word that is a number, as typed and as it is meant.
    Number(String, f64),
    /// `+ - * !`
    Sign(char),
    /// `( {`
    Open(char),
    /// `) }`
    Close(char),
    Comma,
}

/// Whether a character can be in the middle of a bare word.
fn is_letter(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(c, '+' | '-' | '−' | '*' | '×' | '!' | '(' | ')' | '{' | '}' | ',' | '"' | '“' | '”')
}

fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        let token = match c {
            _ if c.is_whitespace() => continue,
            '+' | '-' | '*' | '!' => Token::Sign(c),
            '−' => Token::Sign('-'),
            '×' => Token::Sign('*'),
            '(' | '{' => Token::Open(c),
            ')' | '}' => Token::Close(c),
            ',' => Token::Comma,
            '"' | '“' | '”' => {
                let (word, length) = quoted(&text[at..]).ok_or_else(|| Fault {
                    what: format!("the quote at character {} is never closed", character(text, start)),
                    at: start..text.len(),
                    offers: Vec::new(),
                })?;
                at += length;
                Token::Word(word)
            }
            _ => {
                at = start + bare(&text[start..]);
                let word = &text[start..at];
                let is_number = word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                match word.parse::<f64>() {
                    Ok(number) if is_number && number.is_finite() => Token::Number(word.to_owned(), number),
                    _ => Token::Word(word.to_owned()),
                }
            }
        };
        found.push((token, start..at));
    }
    Ok(found)
}

/// The length of the bare word at the beginning: hyphens with a letter on either side belong to it.
fn bare(text: &str) -> usize {
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let is_inner = c == '-' && at > 0 && letters.peek().is_some_and(|&(_, next)| is_letter(next));
        if !is_letter(c) && !is_inner {
            return at;
        }
    }
    text.len()
}

/// The word before the closing quote, and its length with that.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut word = String::new();
    let mut letters = text.char_indices();
    while let Some((at, c)) = letters.next() {
        match c {
            '"' | '“' | '”' => return Some((word, at + c.len_utf8())),
            '\\' => word.push(letters.next()?.1),
            _ => word.push(c),
        }
    }
    None
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn token(&self, i: usize) -> Option<&Token> {
        self.tokens.get(i).map(|(token, _)| token)
    }

    fn peek(&self) -> Option<&Token> {
        self.token(self.next)
    }

    /// Goes past a token if it is the next one.
    fn take(&mut self, token: &Token) -> bool {
        let is_next = self.peek() == Some(token);
        self.next += usize::from(is_next);
        is_next
    }

    /// Where the next token is.
    fn place(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.text.len()..self.text.len(), |(_, at)| at.clone())
    }

    /// Where the token before the next one ends.
    fn end(&self) -> usize {
        self.next.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |(_, at)| at.end)
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let at = self.place();
        let after = self.next.checked_sub(1).and_then(|i| self.tokens.get(i));
        let after = after.map(|(_, at)| format!(" after `{}`", &self.text[at.clone()])).unwrap_or_default();
        let found = if at.is_empty() { "the end".to_owned() } else { format!("`{}`", &self.text[at.clone()]) };
        let what = format!("expected {wanted}{after}, found {found} at character {}", character(self.text, at.start));
        Fault { at, what, offers: Vec::new() }
    }

    fn node(&self, start: usize, kind: Kind) -> Node {
        Node { at: start..self.end(), kind }
    }

    fn sum(&mut self) -> Result<Node, Fault> {
        let start = self.place().start;
        self.take(&Token::Sign('+'));
        let mut parts = vec![self.term()?];
        loop {
            let at = self.place().start;
            if self.take(&Token::Sign('+')) {
                parts.push(self.term()?);
            } else if self.take(&Token::Sign('-')) {
                let part = self.term()?;
                parts.push(self.node(at, Kind::Times(-1.0, Box::new(part))));
            } else {
                break;
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { self.node(start, Kind::Sum(parts)) })
    }

    fn term(&mut self) -> Result<Node, Fault> {
        let start = self.place().start;
        let first = self.factor()?;
        let mut others = Vec::new();
        while self.take(&Token::Sign('!')) {
            others.push(self.factor()?);
        }
        Ok(if others.is_empty() { first } else { self.node(start, Kind::Without(Box::new(first), others)) })
    }

    fn factor(&mut self) -> Result<Node, Fault> {
        if self.depth == DEPTH {
            let at = self.place();
            let what = format!(
                "more than {DEPTH} brackets or signs in each other at character {}",
                character(self.text, at.start)
            );
            return Err(Fault { at, what, offers: Vec::new() });
        }
        self.depth += 1;
        let node = self.signed();
        self.depth -= 1;
        node
    }

    fn signed(&mut self) -> Result<Node, Fault> {
        let start = self.place().start;
        if self.take(&Token::Sign('-')) {
            let part = self.factor()?;
            return Ok(self.node(start, Kind::Times(-1.0, Box::new(part))));
        }
        if let Some(&Token::Number(_, weight)) = self.peek()
            && self.begins_operand(self.next + 1)
        {
            self.next += 1;
            self.take(&Token::Sign('*'));
            let part = self.factor()?;
            return Ok(self.node(start, Kind::Times(weight, Box::new(part))));
        }
        let mut node = self.primary()?;
        while self.take(&Token::Sign('*')) {
            match self.peek() {
                Some(&Token::Number(_, weight)) if !self.begins_primary(self.next + 1) => {
                    self.next += 1;
                    node = self.node(start, Kind::Times(weight, Box::new(node)));
                }
                _ => return Err(self.unexpected("a number")),
            }
        }
        Ok(node)
    }

    /// Whether what follows a number makes it a weight.
    fn begins_operand(&self, i: usize) -> bool {
        self.begins_primary(i) || self.token(i) == Some(&Token::Sign('*'))
    }

    fn begins_primary(&self, i: usize) -> bool {
        matches!(self.token(i), Some(Token::Word(_) | Token::Number(..) | Token::Open(_)))
    }

    fn primary(&mut self) -> Result<Node, Fault> {
        let start = self.place().start;
        let is_called = self.token(self.next + 1) == Some(&Token::Open('('));
        let kind = match self.peek().cloned() {
            Some(Token::Word(_)) if is_called => {
                if &self.text[self.place()] != "avg" {
                    return Err(self.unexpected("avg(..), which is the only function"));
                }
                self.next += 2;
                Kind::Average(self.list(')')?)
            }
            Some(Token::Word(word) | Token::Number(word, _)) => {
                if word.is_empty() {
                    return Err(self.unexpected("letters between the quotes"));
                }
                self.next += 1;
                Kind::Word(word)
            }
            Some(Token::Open('{')) => {
                self.next += 1;
                Kind::Set(self.list('}')?)
            }
            Some(Token::Open('(')) => {
                self.next += 1;
                let node = self.sum()?;
                if !self.take(&Token::Close(')')) {
                    return Err(self.unexpected("an operator or `)`"));
                }
                return Ok(node);
            }
            _ => return Err(self.unexpected(OPERAND)),
        };
        Ok(self.node(start, kind))
    }

    fn list(&mut self, close: char) -> Result<Vec<Node>, Fault> {
        let mut parts = vec![self.sum()?];
        while self.take(&Token::Comma) {
            parts.push(self.sum()?);
        }
        if !self.take(&Token::Close(close)) {
            return Err(self.unexpected(&format!("an operator, `,` or `{close}`")));
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in a form that is short to compare.
    fn said(text: &str) -> String {
        fn say(node: &Node) -> String {
            let all = |parts: &[Node]| parts.iter().map(say).collect::<Vec<_>>().join(" ");
            match &node.kind {
                Kind::Word(word) => word.clone(),
                Kind::Times(weight, part) => format!("({weight} * {})", say(part)),
                Kind::Sum(parts) => format!("(+ {})", all(parts)),
                Kind::Average(parts) => format!("(avg {})", all(parts)),
                Kind::Set(parts) => format!("{{{}}}", all(parts)),
                Kind::Without(part, others) => format!("({} ! {})", say(part), all(others)),
            }
        }
        parse(text).map_or_else(|fault| fault.what, |node| say(&node))
    }

    #[test]
    fn formulas_are_read_as_they_are_meant() {
        for (text, wanted) in [
            ("king", "king"),
            ("king - man + woman", "(+ king (-1 * man) woman)"),
            ("king−man+woman", "(+ king (-1 * man) woman)"),
            ("+king -man", "(+ king (-1 * man))"),
            ("well-known", "well-known"),
            ("x-ray-like - x", "(+ x-ray-like (-1 * x))"),
            ("king- man", "(+ king (-1 * man))"),
            ("-king", "(-1 * king)"),
            ("2*king", "(2 * king)"),
            ("0.5 king + .25 queen", "(+ (0.5 * king) (0.25 * queen))"),
            ("king × 2 * 3", "(3 * (2 * king))"),
            ("-2 king", "(-1 * (2 * king))"),
            ("2 * -king", "(2 * (-1 * king))"),
            ("1984 - 1983", "(+ 1984 (-1 * 1983))"),
            ("2 1984", "(2 * 1984)"),
            ("\"2\" + 3d", "(+ 2 3d)"),
            ("1.2.3", "1.2.3"),
            ("\"new york\" - york", "(+ new york (-1 * york))"),
            ("“new york”", "new york"),
            (r#""a\"b\\c""#, "a\"b\\c"),
            ("don't + rock'n'roll", "(+ don't rock'n'roll)"),
            ("avg(a, b + c)", "(avg a (+ b c))"),
            ("avg + average", "(+ avg average)"),
            ("a ! b", "(a ! b)"),
            ("a ! b ! {c, d} + e", "(+ (a ! b {c d}) e)"),
            ("2 a ! b", "((2 * a) ! b)"),
            ("(a + b) ! c", "((+ a b) ! c)"),
            ("a + (b - c)", "(+ a (+ b (-1 * c)))"),
            ("{he - she, man}", "{(+ he (-1 * she)) man}"),
            ("門 + café", "(+ 門 café)"),
        ] {
            assert_eq!(said(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_fault_says_where_it_is_and_what_was_expected() {
        for (text, wanted) in [
            ("", format!("expected {OPERAND}, found the end at character 1")),
            ("king - ", format!("expected {OPERAND} after `-`, found the end at character 8")),
            ("café + + b", format!("expected {OPERAND} after `+`, found `+` at character 8")),
            ("yahoo!", format!("expected {OPERAND} after `!`, found the end at character 7")),
            (
                "new york",
                "expected +, -, ! or * (a word with spaces is put in quotes) after `new`, found `york` at character 5"
                    .into(),
            ),
            ("a, b", "expected an operator or the end after `a`, found `,` at character 2".into()),
            ("(a + b", "expected an operator or `)` after `b`, found the end at character 7".into()),
            ("{a, b", "expected an operator, `,` or `}` after `b`, found the end at character 6".into()),
            ("avg()", format!("expected {OPERAND} after `(`, found `)` at character 5")),
            ("king * queen", "expected a number after `*`, found `queen` at character 8".into()),
            ("mean(a)", "expected avg(..), which is the only function, found `mean` at character 1".into()),
            ("\"new york", "the quote at character 1 is never closed".into()),
            ("\"\"", "expected letters between the quotes, found `\"\"` at character 1".into()),
        ] {
            assert_eq!(said(text), wanted, "{text}");
        }
        let fault = parse("a + ) b").expect_err("it is none");
        assert_eq!(fault.at, 4..5);
    }

    #[test]
    fn every_part_knows_where_it_stands() {
        let text = "2 king - avg(man, \"new york\")";
        let node = parse(text).expect("a formula");
        let Kind::Sum(parts) = &node.kind else { panic!("a sum: {node:?}") };
        assert_eq!(&text[node.at.clone()], text);
        assert_eq!(&text[parts[0].at.clone()], "2 king");
        assert_eq!(&text[parts[1].at.clone()], "- avg(man, \"new york\")");
    }

    #[test]
    fn brackets_without_end_are_an_error() {
        for text in ["(".repeat(100_000), "-".repeat(100_000), "{".repeat(100_000), "2 ".repeat(100_000)] {
            assert!(parse(&text).expect_err("too deep").what.contains("more than 64"), "{}", &text[..4]);
        }
        let long = vec!["a"; 100_000].join(" + ");
        assert!(parse(&long).is_ok());
    }
}
