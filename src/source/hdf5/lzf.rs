//! LZF, which h5py writes: literal runs and references back, nothing else.

/// The bytes that were compressed, at most `most` of them.
pub(super) fn decode(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut at = 0;
    let short = || "it ends in the middle".to_owned();
    let byte = |at: usize| bytes.get(at).copied().map(usize::from).ok_or_else(short);
    while at < bytes.len() {
        let control = byte(at)?;
        at += 1;
        if control < 32 {
            let run = bytes.get(at..at + control + 1).ok_or_else(short)?;
            out.extend_from_slice(run);
            at += control + 1;
        } else {
            let mut length = control >> 5;
            if length == 7 {
                length += byte(at)?;
                at += 1;
            }
            let back = ((control & 31) << 8) + byte(at)? + 1;
            at += 1;
            let start = out.len().checked_sub(back).ok_or("it refers to before its beginning")?;
            for i in 0..length + 2 {
                out.push(out[start + i]);
            }
        }
        if out.len() > most {
            return Err(format!("it grows beyond {most} bytes"));
        }
    }
    Ok(out)
}
