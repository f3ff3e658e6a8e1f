//! Python's pickle, read without running anything.
//!
//! A pickle is a program for a small stack machine, and one of its instructions calls any Python function. This
//! reader knows a short list of functions by name, notes that a file would call one of them, and refuses every other.
//! Values live in one flat list and refer to each other by index, so neither depth nor cycles can do harm, and every
//! instruction adds at most one value: memory is bounded by the length of the pickle.

use super::machine::Machine;
use super::stored::Element;

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
    /// What a pickle means by this name, if it is one that is known.
    pub fn named(module: &str, name: &str) -> Option<Self> {
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
        let mut machine = Machine::new(data);
        let root = machine.run().map_err(|what| format!("{what} (before byte {} of its pickle)", machine.at()))?;
        Ok(Self { root, len: machine.at(), values: machine.into_values() })
    }

    /// The value at `id`.
    pub fn get(&self, id: Id) -> &Value<'a> {
        &self.values[id]
    }

    /// What identifies each thing that is kept outside of the pickle.
    pub fn persistent(&self) -> impl Iterator<Item = Id> {
        self.values.iter().filter_map(|value| if let Value::Persistent(id) = value { Some(*id) } else { None })
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
