//! Deflate (RFC 1951) in a zlib wrapper (RFC 1950).

/// What goes wrong, in words.
type Fault = String;

/// The longest code, in bits.
const LONGEST: usize = 15;
/// Bits that one look into the table decides.
const LOOK: usize = 9;

/// Lengths and distances: the smallest of each code, and the bits that are added to it.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
/// The order in which the lengths of the codes of lengths come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What a zlib stream holds, at most `most` bytes.
pub(super) fn zlib(bytes: &[u8], most: usize) -> Result<Vec<u8>, Fault> {
    let [method, flags, data @ ..] = bytes else { return Err("it has no zlib header".into()) };
    if method & 15 != 8 || (u16::from(*method) << 8 | u16::from(*flags)) % 31 != 0 || flags & 32 != 0 {
        return Err("its zlib header is wrong".into());
    }
    let mut bits = Bits { bytes: data, at: 0, held: 0, count: 0 };
    let out = inflate(&mut bits, most)?;
    let sum = bits.rest().first_chunk::<4>().map(|b| u32::from_be_bytes(*b));
    if sum != Some(adler(&out)) {
        return Err("its checksum is another".into());
    }
    Ok(out)
}

fn adler(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    // So many sums fit into 32 bits.
    for block in bytes.chunks(5552) {
        for byte in block {
            a += u32::from(*byte);
            b += a;
        }
        (a, b) = (a % 65_521, b % 65_521);
    }
    b << 16 | a
}

/// Bits from the lowest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: usize,
}

impl<'a> Bits<'a> {
    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(byte) = self.bytes.get(self.at) else { return };
            self.held |= u64::from(*byte) << self.count;
            self.count += 8;
            self.at += 1;
        }
    }

    fn drop(&mut self, n: usize) -> Result<(), Fault> {
        if n > self.count {
            return Err("it ends in the middle".into());
        }
        self.held >>= n;
        self.count -= n;
        Ok(())
    }

    fn take(&mut self, n: usize) -> Result<usize, Fault> {
        self.fill();
        let value = self.held as usize & ((1 << n) - 1);
        self.drop(n)?;
        Ok(value)
    }

    /// What follows the byte that was begun.
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at - self.count / 8..]
    }

    /// From the next whole byte on.
    fn align(&mut self) {
        let whole = self.count / 8;
        self.at -= whole;
        (self.held, self.count) = (0, 0);
    }
}

/// A prefix code.
struct Code {
    /// For every value of the next bits the symbol and the length of its code; 0 bits where more must be looked at.
    look: Vec<(u16, u8)>,
    /// Codes of each length, and the symbols in the order of their codes.
    counts: [u16; LONGEST + 1],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Result<Self, Fault> {
        let mut counts = [0u16; LONGEST + 1];
        for n in lengths {
            counts[usize::from(*n)] += 1;
        }
        counts[0] = 0;
        let mut room = 1i32;
        let mut first = [0u32; LONGEST + 2];
        let mut offset = [0usize; LONGEST + 2];
        for n in 1..=LONGEST {
            room = 2 * room - i32::from(counts[n]);
            if room < 0 {
                return Err("a code has too many words".into());
            }
            first[n + 1] = (first[n] + u32::from(counts[n])) << 1;
            offset[n + 1] = offset[n] + usize::from(counts[n]);
        }
        let mut symbols = vec![0; offset[LONGEST + 1]];
        let mut look = vec![(0, 0); 1 << LOOK];
        for (symbol, &n) in lengths.iter().enumerate().filter(|(_, n)| **n > 0) {
            let n = usize::from(n);
            symbols[offset[n]] = symbol as u16;
            offset[n] += 1;
            let word = first[n];
            first[n] += 1;
            if n <= LOOK {
                // Codes come from their highest bit on, and bits are held from the lowest.
                let turned = word.reverse_bits() as usize >> (32 - n);
                for at in (turned..1 << LOOK).step_by(1 << n) {
                    look[at] = (symbol as u16, n as u8);
                }
            }
        }
        Ok(Self { look, counts, symbols })
    }

    fn next(&self, bits: &mut Bits<'_>) -> Result<usize, Fault> {
        bits.fill();
        let (symbol, n) = self.look[bits.held as usize & ((1 << LOOK) - 1)];
        if n > 0 {
            bits.drop(n.into())?;
            return Ok(symbol.into());
        }
        let (mut word, mut first, mut index) = (0usize, 0usize, 0usize);
        for n in 1..=LONGEST {
            word |= (bits.held >> (n - 1)) as usize & 1;
            let count = usize::from(self.counts[n]);
            if word < first + count {
                bits.drop(n)?;
                return Ok(self.symbols[index + word - first].into());
            }
            index += count;
            first = (first + count) << 1;
            word <<= 1;
        }
        Err("it has a word that no code has".into())
    }
}

fn inflate(bits: &mut Bits<'_>, most: usize) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    loop {
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => {
                bits.align();
                let head = bits.bytes.get(bits.at..bits.at + 4).ok_or("it ends in the middle")?;
                let length = usize::from(u16::from_le_bytes([head[0], head[1]]));
                if u16::from_le_bytes([head[2], head[3]]) != !(length as u16) {
                    return Err("the length of a plain block is wrong".into());
                }
                bits.at += 4;
                out.extend_from_slice(bits.bytes.get(bits.at..bits.at + length).ok_or("it ends in the middle")?);
                bits.at += length;
            }
            1 => {
                let mut lengths = [8u8; 288];
                lengths[144..256].fill(9);
                lengths[256..280].fill(7);
                block(bits, &Code::new(&lengths)?, &Code::new(&[5; 30])?, &mut out, most)?;
            }
            2 => {
                let (words, far, own) = (bits.take(5)? + 257, bits.take(5)? + 1, bits.take(4)? + 4);
                let mut lengths = [0u8; 19];
                for &place in &ORDER[..own] {
                    lengths[place] = bits.take(3)? as u8;
                }
                let code = Code::new(&lengths)?;
                let mut lengths = Vec::with_capacity(words + far);
                while lengths.len() < words + far {
                    let (value, times) = match code.next(bits)? {
                        16 => (*lengths.last().ok_or("it repeats nothing")?, 3 + bits.take(2)?),
                        17 => (0, 3 + bits.take(3)?),
                        18 => (0, 11 + bits.take(7)?),
                        n => (n as u8, 1),
                    };
                    lengths.extend(std::iter::repeat_n(value, times));
                }
                if lengths.len() > words + far {
                    return Err("it has too many lengths".into());
                }
                let (words, far) = lengths.split_at(words);
                block(bits, &Code::new(words)?, &Code::new(far)?, &mut out, most)?;
            }
            _ => return Err("it has a block of an unknown kind".into()),
        }
        if out.len() > most {
            return Err(format!("it grows beyond {most} bytes"));
        }
        if is_last {
            return Ok(out);
        }
    }
}

fn block(bits: &mut Bits<'_>, words: &Code, far: &Code, out: &mut Vec<u8>, most: usize) -> Result<(), Fault> {
    loop {
        match words.next(bits)? {
            256 => return Ok(()),
            byte @ 0..256 => out.push(byte as u8),
            word => {
                let (least, more) = *LENGTHS.get(word - 257).ok_or("it has a length that does not exist")?;
                let length = usize::from(least) + bits.take(more.into())?;
                let (least, more) = *DISTANCES.get(far.next(bits)?).ok_or("it has a distance that does not exist")?;
                let back = usize::from(least) + bits.take(more.into())?;
                let start = out.len().checked_sub(back).ok_or("it refers to before its beginning")?;
                for i in start..start + length {
                    out.push(out[i]);
                }
            }
        }
        if out.len() > most {
            return Err(format!("it grows beyond {most} bytes"));
        }
    }
}
