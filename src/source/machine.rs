//! The stack machine of a pickle, without the instructions that would run anything.

use super::pickle::{Fault, Global, Id, Value};
use super::stored::shown;
use std::collections::HashMap;

/// The machine, and how far it has come.
pub struct Machine<'a> {
    data: &'a [u8],
    at: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// A machine that is to read the pickle at the beginning of `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() }
    }

    /// How many bytes it has read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// All values that it made.
    pub fn into_values(self) -> Vec<Value<'a>> {
        self.values
    }

    /// Runs to the end of the pickle and gives the value that is left.
    pub fn run(&mut self) -> Result<Id, Fault> {
        loop {
            let [code] = self.array()?;
            if code == b'.' {
                return self.pop();
            }
            self.step(code)?;
        }
    }

    fn step(&mut self, code: u8) -> Result<(), Fault> {
        match code {
            0x80 => {
                let [version] = self.array()?;
                if version > 5 {
                    return Err(format!("pickle protocol {version} is not known"));
                }
            }
            // FRAME: how the bytes were sent, which is of no interest.
            0x95 => _ = self.array::<8>()?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => self.drop_top()?,
            b'1' => _ = self.marked()?,
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }

            b'N' => self.push(Value::Nothing),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => {
                let [n] = self.array()?;
                self.push(Value::Int(n.into()));
            }
            b'M' => {
                let n = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(n.into()));
            }
            b'J' => {
                let n = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(n.into()));
            }
            0x8a => {
                let [len] = self.array()?;
                self.long(len.into())?;
            }
            0x8b => {
                let len = self.len32()?;
                self.long(len)?;
            }
            b'G' => {
                self.array::<8>()?;
                self.push(Value::Nothing);
            }
            b'X' | b'T' => {
                let len = self.len32()?;
                self.text(len)?;
            }
            0x8c | b'U' => {
                let [len] = self.array()?;
                self.text(len.into())?;
            }
            0x8d => {
                let len = self.len64()?;
                self.text(len)?;
            }
            b'B' => {
                let len = self.len32()?;
                self.skipped(len)?;
            }
            b'C' => {
                let [len] = self.array()?;
                self.skipped(len.into())?;
            }
            0x8e | 0x96 => {
                let len = self.len64()?;
                self.skipped(len)?;
            }

            b')' => self.push(Value::Tuple(Vec::new())),
            b']' | 0x8f => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' | 0x91 => {
                let members = self.marked()?;
                self.push(Value::Tuple(members));
            }
            b'l' => {
                let members = self.marked()?;
                self.push(Value::List(members));
            }
            b'd' => {
                let pairs = pairs(&self.marked()?)?;
                self.push(Value::Dict(pairs));
            }
            b'a' => {
                let member = self.pop()?;
                self.append(&[member])?;
            }
            b'e' | 0x90 => {
                let members = self.marked()?;
                self.append(&members)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.insert(&[(key, value)])?;
            }
            b'u' => {
                let pairs = pairs(&self.marked()?)?;
                self.insert(&pairs)?;
            }

            b'q' => {
                let [index] = self.array()?;
                self.remember(index.into())?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.array()?);
                self.remember(index)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let [index] = self.array()?;
                self.recall(index.into())?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.array()?);
                self.recall(index)?;
            }

            b'c' => {
                let module = self.line()?;
                let name = self.line()?;
                self.global(module, name)?;
            }
            0x93 => {
                let name = self.pop()?;
                let module = self.pop()?;
                match (&self.values[module], &self.values[name]) {
                    (&Value::Text(module), &Value::Text(name)) => self.global(module, name)?,
                    _ => return Err("a global is named by something other than strings".to_owned()),
                }
            }
            b'R' | 0x81 => self.call()?,
            b'b' => self.build()?,
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id));
            }
            _ => return Err(format!("instruction 0x{code:02x} does not belong in a checkpoint")),
        }
        Ok(())
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.checked_add(len).filter(|&end| end <= self.data.len());
        let Some(end) = end else { return Err("it ends in the middle of an instruction".to_owned()) };
        let bytes = &self.data[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    fn len32(&mut self) -> Result<usize, Fault> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn len64(&mut self) -> Result<usize, Fault> {
        let len = u64::from_le_bytes(self.array()?);
        usize::try_from(len).map_err(|_| format!("{len} bytes are more than there can be"))
    }

    /// The text up to the end of the line.
    fn line(&mut self) -> Result<&'a str, Fault> {
        let rest = &self.data[self.at..];
        let Some(len) = rest.iter().position(|&b| b == b'\n') else { return Err("a name never ends".to_owned()) };
        let line = self.bytes(len)?;
        self.bytes(1)?;
        std::str::from_utf8(line).map_err(|_| "a name is not text".to_owned())
    }

    fn text(&mut self, len: usize) -> Result<(), Fault> {
        // Bytes that are no text can only be part of something that is not looked at.
        let value = std::str::from_utf8(self.bytes(len)?).map_or(Value::Nothing, Value::Text);
        self.push(value);
        Ok(())
    }

    fn skipped(&mut self, len: usize) -> Result<(), Fault> {
        self.bytes(len)?;
        self.push(Value::Nothing);
        Ok(())
    }

    fn long(&mut self, len: usize) -> Result<(), Fault> {
        let bytes = self.bytes(len)?;
        if len > 8 {
            self.push(Value::Long(bytes));
            return Ok(());
        }
        let sign = if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
        let mut whole = [sign; 8];
        whole[..len].copy_from_slice(bytes);
        self.push(Value::Int(i64::from_le_bytes(whole)));
        Ok(())
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    /// How far down the stack may be taken: to the last mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, Fault> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.floor() => Ok(id),
            _ => Err("it takes a value from an empty stack".to_owned()),
        }
    }

    fn pop(&mut self) -> Result<Id, Fault> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    /// Drops the value, or the mark, at the top.
    fn drop_top(&mut self) -> Result<(), Fault> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(|_| ())
    }

    /// Takes everything above the last mark, and the mark.
    fn marked(&mut self) -> Result<Vec<Id>, Fault> {
        let Some(mark) = self.marks.pop() else { return Err("it goes back to a mark that is not there".to_owned()) };
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, len: usize) -> Result<(), Fault> {
        let Some(from) = self.stack.len().checked_sub(len).filter(|&from| from >= self.floor()) else {
            return Err("it takes a value from an empty stack".to_owned());
        };
        let members = self.stack.split_off(from);
        self.push(Value::Tuple(members));
        Ok(())
    }

    fn append(&mut self, members: &[Id]) -> Result<(), Fault> {
        let list = self.top()?;
        let Value::List(known) = &mut self.values[list] else {
            return Err("it appends to something that is no list".to_owned());
        };
        known.extend_from_slice(members);
        Ok(())
    }

    fn insert(&mut self, pairs: &[(Id, Id)]) -> Result<(), Fault> {
        let dict = self.top()?;
        let Value::Dict(known) = &mut self.values[dict] else {
            return Err("it inserts into something that is no dictionary".to_owned());
        };
        known.extend_from_slice(pairs);
        Ok(())
    }

    fn remember(&mut self, index: u32) -> Result<(), Fault> {
        let id = self.top()?;
        self.memo.insert(index, id);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), Fault> {
        let Some(&id) = self.memo.get(&index) else {
            return Err(format!("it recalls value {index}, which is not there"));
        };
        self.stack.push(id);
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), Fault> {
        let Some(global) = Global::named(module, name) else {
            return Err(format!(
                "it is a pickle that would run `{}.{}`; Lexiscope never executes anything from a file: save the \
                 model's `state_dict()` only, best as safetensors",
                shown(module),
                shown(name)
            ));
        };
        self.push(Value::Global(global));
        Ok(())
    }

    /// Notes a call of something known; what only holds values becomes those values.
    fn call(&mut self) -> Result<(), Fault> {
        let arguments = self.pop()?;
        let callee = self.pop()?;
        let (&Value::Global(global), Value::Tuple(members)) = (&self.values[callee], &self.values[arguments]) else {
            return Err("it calls something that is not a known name".to_owned());
        };
        match (global, members.as_slice()) {
            (Global::Dict, []) => self.push(Value::Dict(Vec::new())),
            (Global::Dict, &[list]) => {
                let pairs = self.listed_pairs(list)?;
                self.push(Value::Dict(pairs));
            }
            (Global::Size, &[sizes]) => self.stack.push(sizes),
            (Global::Tensor | Global::Parameter, _) => self.push(Value::Call(global, arguments)),
            _ => return Err(format!("it calls {global:?} in a way that is not known")),
        }
        Ok(())
    }

    /// The pairs of a list of pairs, which is how Python 2 hands over an ordered dictionary. The list is used up, so
    /// that the same one cannot be copied again and again.
    fn listed_pairs(&mut self, list: Id) -> Result<Vec<(Id, Id)>, Fault> {
        let no_pairs = || "it makes a dictionary of something that is no list of pairs".to_owned();
        let Value::List(members) = &mut self.values[list] else { return Err(no_pairs()) };
        let members = std::mem::take(members);
        let pair = |id: Id| match &self.values[id] {
            Value::Tuple(pair) | Value::List(pair) => <[Id; 2]>::try_from(pair.as_slice()).ok().map(|[k, v]| (k, v)),
            _ => None,
        };
        members.into_iter().map(pair).collect::<Option<_>>().ok_or_else(no_pairs)
    }

    /// Sets the attributes of a dictionary, of which a state dict has `_metadata`: they are passed over.
    fn build(&mut self) -> Result<(), Fault> {
        self.pop()?;
        let object = self.top()?;
        match &self.values[object] {
            Value::Dict(_) => Ok(()),
            _ => Err("it sets the attributes of something that is no dictionary".to_owned()),
        }
    }
}

/// Takes a run of values as keys and values in turn.
fn pairs(members: &[Id]) -> Result<Vec<(Id, Id)>, Fault> {
    let (pairs, []) = members.as_chunks::<2>() else { return Err("a dictionary has a key without a value".to_owned()) };
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}
