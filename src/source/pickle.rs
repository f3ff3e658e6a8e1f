//! Python's pickle, read without running anything.
//!
//! A pickle is a program for a small stack machine, and one of its instructions calls any Python function. This
//! reader knows a short list of functions by name, notes that a file would call one of them, and refuses every other.
//! Values live in one flat list and refer to each other by index, so neither depth nor cycles can do harm, and every
//! instruction adds at most one value: memory is bounded by the length of the pickle.

use super::stored::{Element, shown};
use std::collections::HashMap;

/// What goes wrong while reading, for the caller to put a path to.
pub type Fault = String;

/// The index of a value in its [`Heap`].
pub type Id = usize;

/// What a pickle may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Global {
    /// `collections.OrderedDict`
    Dict,
    /// `torch.Size`
    Size,
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`
    Tensor,
    /// `torch._utils._rebuild_parameter`
    Parameter,
    /// `torch.FloatStorage` and its like
    Storage(Element),
}

impl Global {
    fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::Dict,
            ("torch", "Size") => Self::Size,
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Self::Tensor,
            ("torch._utils", "_rebuild_parameter") => Self::Parameter,
            ("torch" | "torch.cuda" | "torch.storage", _) => Self::Storage(match name.strip_suffix("Storage")? {
                "Double" => Element::F64,
                "Float" => Element::F32,
                "Half" => Element::F16,
                "BFloat16" => Element::BF16,
                "Long" => Element::I64,
                "Int" => Element::I32,
                "Short" => Element::I16,
                "Char" => Element::I8,
                "Byte" => Element::U8,
                "Bool" => Element::Bool,
                _ => return None,
            }),
            _ => return None,
        })
    }
}

/// A value of a pickle.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `None`, and whatever else is of no interest: floats, bytes, the state of an object.
    Nothing,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of up to 64 bits.
    Int(i64),
    /// A longer integer: its bytes in two's complement, the lowest first.
    Long(&'a [u8]),
    /// A string, also one that Python 2 wrote.
    Text(&'a str),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A list or a set.
    List(Vec<Id>),
    /// A dictionary, in the order of writing.
    Dict(Vec<(Id, Id)>),
    /// Something known by name.
    Global(Global),
    /// What the known thing would make of the arguments, a tuple.
    Call(Global, Id),
    /// Something kept outside of the pickle, by what identifies it.
    Persistent(Id),
}

/// All values of one pickle.
#[derive(Debug)]
pub struct Heap<'a> {
    values: Vec<Value<'a>>,
    /// The value that the pickle is for.
    pub root: Id,
    /// How many bytes the pickle took.
    pub len: usize,
}

impl<'a> Heap<'a> {
    /// Reads the pickle at the beginning of `data`.
    pub fn read(data: &'a [u8]) -> Result<Self, Fault> {
        let mut machine =
            Machine { data, at: 0, values: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() };
        let root = machine.run().map_err(|what| format!("{what} (before byte {} of its pickle)", machine.at))?;
        Ok(Self { values: machine.values, root, len: machine.at })
    }

    /// The value at `id`.
    pub fn get(&self, id: Id) -> &Value<'a> {
        &self.values[id]
    }

    /// The members of the tuple or list at `id`.
    pub fn members(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(members) | Value::List(members) => Some(members),
            _ => None,
        }
    }

    /// The pairs of the dictionary at `id`.
    pub fn pairs(&self, id: Id) -> Option<&[(Id, Id)]> {
        if let Value::Dict(pairs) = self.get(id) { Some(pairs) } else { None }
    }

    /// The string at `id`.
    pub fn text(&self, id: Id) -> Option<&'a str> {
        if let Value::Text(text) = self.get(id) { Some(text) } else { None }
    }

    /// The integer at `id`, if it is not negative.
    pub fn count(&self, id: Id) -> Option<u64> {
        if let Value::Int(n) = self.get(id) { u64::try_from(*n).ok() } else { None }
    }
}

/// The stack machine.
struct Machine<'a> {
    data: &'a [u8],
    at: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Runs to the end of the pickle and gives the value that is left.
    fn run(&mut self) -> Result<Id, Fault> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_read() {
        // {'a': (1, -2, 300, 2**31, True), u'b': [None, 0.5]} in protocol 2, and one byte that is not its own.
        let data = b"\x80\x02}q\x00(U\x01aq\x01(K\x01J\xfe\xff\xff\xffM\x2c\x01\x8a\x05\x00\x00\x00\x80\x00\x88tq\x02\
            X\x01\x00\x00\x00bq\x03]q\x04(NG\x3f\xe0\x00\x00\x00\x00\x00\x00eu.!";
        let heap = Heap::read(data).expect("a good pickle");
        assert_eq!(heap.len, data.len() - 1);
        let pairs = heap.pairs(heap.root).expect("a dictionary");
        assert_eq!(pairs.iter().map(|p| heap.text(p.0)).collect::<Vec<_>>(), [Some("a"), Some("b")]);
        let numbers = heap.members(pairs[0].1).expect("a tuple");
        assert_eq!(
            numbers.iter().map(|&id| heap.count(id)).collect::<Vec<_>>(),
            [Some(1), None, Some(300), Some(1 << 31), None]
        );
        assert_eq!(heap.get(numbers[1]), &Value::Int(-2));
        assert_eq!(heap.members(pairs[1].1).map(<[Id]>::len), Some(2));
    }

    #[test]
    fn an_ordered_dictionary_is_a_dictionary_however_it_is_written() {
        for data in [
            b"\x80\x02ccollections\nOrderedDict\n)RU\x01aK\x01s}b.".as_slice(),
            b"\x80\x02ccollections\nOrderedDict\n](](U\x01aK\x01ee\x85R.".as_slice(),
            b"\x80\x02ccollections\nOrderedDict\n]](U\x01aK\x01ea\x85R}b.".as_slice(),
            b"\x80\x04\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R\x94\x8c\x01aK\x01s.".as_slice(),
        ] {
            let heap = Heap::read(data).expect("a good pickle");
            let pairs = heap.pairs(heap.root).expect("a dictionary");
            assert_eq!((heap.text(pairs[0].0), heap.count(pairs[0].1)), (Some("a"), Some(1)));
        }
    }

    #[test]
    fn any_other_name_is_refused() {
        for (data, name) in [
            (b"\x80\x02cos\nsystem\nU\x02ls\x85R.".as_slice(), "`os.system`"),
            (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.".as_slice(), "`builtins.eval`"),
            (b"\x80\x02ctorch\nload\n.".as_slice(), "`torch.load`"),
            (b"\x80\x02ctorch\nComplexFloatStorage\n.".as_slice(), "`torch.ComplexFloatStorage`"),
        ] {
            let fault = Heap::read(data).expect_err("refused");
            assert!(fault.contains(name) && fault.contains("never executes"), "{fault}");
        }
        let fault = Heap::read(b"(S'ls'\nios\nsystem\n.").expect_err("refused");
        assert!(fault.contains("0x53"), "{fault}");
    }

    #[test]
    fn what_is_not_a_program_is_refused() {
        for data in [
            b"".as_slice(),
            b".",
            b"0.",
            b"1.",
            b"(.",
            b"K",
            b"\x80\x06N.",
            b"X\xff\xff\xff\xffab.",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffab.",
            b"h\x00.",
            b"\x94.",
            b"K\x01a.",
            b"}(K\x01u.",
            b"}K\x01K\x02\x85s",
            b"NN\x87.",
            b"N(N\x86.",
            b"NNb.",
            b"NN\x93.",
            b"N)R.",
            b"cos",
            b"ctorch\nSize\n)R.",
        ] {
            Heap::read(data).expect_err("refused");
        }
    }

    #[test]
    fn a_list_in_itself_and_a_deep_nest_do_no_harm() {
        let heap = Heap::read(b"]q\x00h\x00a.").expect("a list in itself");
        assert_eq!(heap.members(heap.root), Some([heap.root].as_slice()));
        let mut deep = vec![b')'];
        deep.resize(1_000_000, 0x85);
        deep.push(b'.');
        drop(Heap::read(&deep).expect("a nest of tuples"));
    }
}
