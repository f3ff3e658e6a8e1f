//! The faces that ship with the program; their licences lie beside them in `assets/fonts`.

/// The face of the interface.
pub const UI: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");
/// The face of headings.
pub const BOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");
/// The face of tokens and numbers.
pub const MONO: &[u8] = include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf");
/// What the others lack: Chinese, Japanese and Korean.
pub const FALLBACK: &[u8] = include_bytes!("../../assets/fonts/DroidSansFallbackFull.ttf");
/// All of them.
pub const ALL: [&[u8]; 4] = [UI, BOLD, MONO, FALLBACK];
