//! A hub of one small repository, on a port of this machine.

use lexiscope::source::hub::Hub;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tempfile::TempDir;

pub const ID: &str = "acme/tiny";
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub const WEIGHTS: &str = "model.safetensors";

/// A file of the repository: name, content, and the checksum that `git hash-object` gives; large files have none.
#[derive(Clone)]
pub struct Item(pub String, pub Vec<u8>, pub Option<&'static str>);

impl Item {
    pub fn large(name: &str, bytes: Vec<u8>) -> Self {
        Self(name.to_owned(), bytes, None)
    }

    pub fn sum(&self) -> String {
        let sha = || Sha256::digest(&self.1).iter().flat_map(|b| [b >> 4, b & 15]).map(digit).collect();
        self.2.map_or_else(sha, str::to_owned)
    }

    fn listed(&self) -> serde_json::Value {
        let git = self.2.unwrap_or("00000000000000000000000000000000deadbeef");
        let mut row = serde_json::json!({"rfilename": self.0, "size": self.1.len(), "blobId": git});
        if self.2.is_none() {
            row["lfs"] = serde_json::json!({"sha256": self.sum(), "size": self.1.len(), "pointerSize": 134});
        }
        row
    }
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).expect("half a byte")
}

pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

pub fn config() -> Item {
    let sum = "3967ff7fee9d40eb77abadd6a292230496ca9f24";
    Item("config.json".to_owned(), br#"{"model_type":"bert"}"#.to_vec(), Some(sum))
}

pub fn repository() -> Vec<Item> {
    let tokenizer = "22ec89ab90889036bc14d5b1bb6109974ef95582";
    let vocabulary = "9b63652e4599b6f141f83f77374ca035004e0c8f";
    vec![
        config(),
        Item("tokenizer.json".to_owned(), br#"{"version":"1.0"}"#.to_vec(), Some(tokenizer)),
        Item("vocab.txt".to_owned(), b"[PAD]\n[UNK]\n".to_vec(), Some(vocabulary)),
        weights(),
        Item::large("onnx/model.onnx", noise(50)),
        Item::large("pytorch_model.bin", noise(60)),
    ]
}

pub fn weights() -> Item {
    Item::large(WEIGHTS, noise(300_000))
}

pub fn listing(items: &[Item]) -> serde_json::Value {
    serde_json::json!({"id": ID, "sha": COMMIT, "siblings": items.iter().map(Item::listed).collect::<Vec<_>>()})
}

/// One request as the server saw it.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub from: Option<u64>,
    pub token: Option<String>,
    /// How often the same was asked before.
    pub before: usize,
}

impl Request {
    pub fn is_for(&self, name: &str) -> bool {
        self.path.ends_with(&format!("/{name}"))
    }

    pub fn is_list(&self) -> bool {
        self.path.starts_with("/api/")
    }
}

/// How the server answers one request.
pub enum Twist {
    Honest,
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// The connection goes silent after so many bytes of the body.
    Hold(usize),
    /// The whole file whatever part was asked for.
    Whole,
    /// The whole file whatever part was asked for, and the connection ends after so many bytes.
    WholeCut(usize),
    /// Another body.
    Bytes(Vec<u8>),
    /// The body, and no word on how long it is.
    Unmeasured(Vec<u8>),
    Status(u16),
    Redirect(String),
}

pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(items: Vec<Item>, twist: impl Fn(&Request) -> Twist + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (seen, closing) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, end) = (Arc::clone(&seen), Arc::clone(&closing));
        let serve = move || {
            let mut counts: HashMap<String, usize> = HashMap::new();
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let Some(mut request) = read_request(&stream) else { continue };
                let count = counts.entry(request.path.clone()).or_default();
                request.before = *count;
                *count += 1;
                let reply = twist(&request);
                log.lock().expect("no panic").push(request.clone());
                let _ = answer(&stream, &items, &request, reply);
                let _ = stream.shutdown(Shutdown::Both);
            }
        };
        let thread = Builder::new().name("hub".to_owned()).spawn(serve).expect("a thread");
        Self { port, seen, closing, thread: Some(thread) }
    }

    pub fn honest() -> Self {
        Self::start(repository(), |_| Twist::Honest)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn hub(&self, cache: &TempDir) -> Hub {
        Hub::new(&self.url(), cache.path(), false, None)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("no panic").clone()
    }

    /// From which byte on the file was asked for, request by request.
    pub fn starts(&self, name: &str) -> Vec<Option<u64>> {
        self.requests().iter().filter(|r| r.is_for(name)).map(|r| r.from).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn read_request(mut stream: &TcpStream) -> Option<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let header = |name: &str| {
        let found = head.lines().find(|l| l.to_ascii_lowercase().starts_with(&format!("{name}: ")))?;
        Some(found[name.len() + 2..].to_owned())
    };
    Some(Request {
        path: head.split(' ').nth(1)?.to_owned(),
        from: header("range").and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()),
        token: header("authorization"),
        before: 0,
    })
}

fn answer(mut stream: &TcpStream, items: &[Item], request: &Request, twist: Twist) -> std::io::Result<()> {
    let whole = if request.is_list() {
        Some(listing(items).to_string().into_bytes())
    } else {
        items.iter().find(|i| request.is_for(&i.0)).map(|i| i.1.clone())
    };
    let (twist, whole) = match (twist, whole) {
        (Twist::Bytes(bytes), _) => (Twist::Whole, bytes),
        (twist, Some(bytes)) => (twist, bytes),
        (Twist::Redirect(to), None) => (Twist::Redirect(to), Vec::new()),
        (_, None) => (Twist::Status(404), Vec::new()),
    };
    let from = match twist {
        Twist::Whole | Twist::WholeCut(_) => 0,
        _ => request.from.unwrap_or(0) as usize,
    };
    let (mut status, mut extra) = if from == 0 {
        ("200 OK".to_owned(), String::new())
    } else {
        let range = format!("Content-Range: bytes {from}-{}/{}\r\n", whole.len() - 1, whole.len());
        ("206 Partial Content".to_owned(), range)
    };
    let mut body = whole[from..].to_vec();
    let mut sent = body.len();
    match &twist {
        Twist::Cut(n) | Twist::WholeCut(n) | Twist::Hold(n) => sent = *n,
        Twist::Status(code) => (status, body, sent) = (format!("{code} Because"), Vec::new(), 0),
        Twist::Redirect(to) => {
            (status, body, sent) = ("302 Found".to_owned(), Vec::new(), 0);
            extra = format!("Location: {to}\r\n");
        }
        Twist::Unmeasured(bytes) => (body, sent) = (bytes.clone(), bytes.len()),
        Twist::Honest | Twist::Whole | Twist::Bytes(_) => {}
    }
    let length = match twist {
        Twist::Unmeasured(_) => String::new(),
        _ => format!("Content-Length: {}\r\n", body.len()),
    };
    write!(stream, "HTTP/1.1 {status}\r\n{extra}{length}Connection: close\r\n\r\n")?;
    stream.write_all(&body[..sent])?;
    if matches!(twist, Twist::Hold(_)) {
        // Until the other side hangs up.
        let _ = stream.read(&mut [0])?;
    }
    Ok(())
}
