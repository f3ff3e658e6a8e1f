//! Talking to the hub: one question for the list of files, then each file, going on where a connection broke.

use super::listing::{Entry, Listing};
use super::part::{BLOCK, Part};
use crate::error::{Error, Result};
use crate::trace::Control;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;
use ureq::config::RedirectAuthHeaders;
use ureq::http::{Response, header};
use ureq::{Agent, Body};

/// The longest list of files that is read.
const LIST_LIMIT: u64 = 16 << 20;
/// How often in a row a request may fail.
const TRIES: u32 = 4;
/// The wait after the first failure; it doubles from one to the next.
const WAIT: Duration = Duration::from_millis(200);
/// How far a broken download must have come for its failures to be counted anew.
const HEADWAY: u64 = 1 << 20;

/// A conversation about one model.
pub(super) struct Session<'a> {
    agent: Agent,
    endpoint: &'a str,
    token: Option<&'a str>,
    id: &'a str,
}

/// Why a request did not succeed.
enum Fault {
    /// It may succeed if it is made again.
    Again(String),
    /// It will not.
    Final(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(endpoint: &'a str, token: Option<&'a str>, id: &'a str) -> Result<Self> {
        let uri: ureq::http::Uri = endpoint.parse().unwrap_or_default();
        let Some(host) = uri.host().filter(|_| matches!(uri.scheme_str(), Some("http" | "https"))) else {
            let url = without_login(endpoint);
            return Err(Error::Network { url, what: "HF_ENDPOINT is not a web address".to_owned() });
        };
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(uri.scheme_str() == Some("https"))
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .user_agent(concat!("lexiscope/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(Duration::from_secs(10)))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .timeout_per_read(Some(Duration::from_secs(10)));
        // A server on this machine is not reached through a proxy.
        if matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().new_agent(), endpoint, token, id })
    }

    /// The files of the main branch.
    pub(super) fn listing(&self, control: &Control) -> Result<Listing> {
        let url = format!("{}/api/models/{}/revision/main?blobs=true", self.endpoint, self.id);
        control.report(&format!("Looking up {}", self.id), 0, 0);
        let mut failures = Failures::default();
        let json = loop {
            let answer = self.get(&url, 0).and_then(|response| {
                let body = response.into_body().into_with_config().limit(LIST_LIMIT).read_to_vec();
                body.map_err(|e| self.fault(&url, &e))
            });
            match answer {
                Ok(json) => break json,
                Err(fault) => failures.add(fault, 0, &url, control)?,
            }
        };
        Listing::parse(&json).map_err(|what| network(&url, what))
    }

    /// Downloads a file of `commit` into `partial`, which may hold its beginning already, and checks it.
    pub(super) fn download(&self, commit: &str, entry: &Entry, partial: &Path, control: &Control) -> Result<()> {
        let url = format!("{}/{}/resolve/{commit}/{}", self.endpoint, self.id, entry.name);
        let stage = format!("Downloading {}", entry.name);
        let mut part = Part::open(partial, entry, control)?;
        control.report(&stage, part.have, entry.size);
        let mut failures = Failures::default();
        while part.have < entry.size {
            if let Err(fault) = self.go_on(&url, &stage, &mut part, control) {
                failures.add(fault, part.have, &url, control)?;
            }
        }
        part.finish(&url)
    }

    /// One request for the rest of a file.
    fn go_on(&self, url: &str, stage: &str, part: &mut Part, control: &Control) -> Result<(), Fault> {
        control.check()?;
        let response = self.get(url, part.have)?;
        match response.status().as_u16() {
            206 if starts_at(&response).is_none_or(|start| start == part.have) => {}
            // A server that does not know parts begins again.
            200 => part.restart()?,
            _ => {
                part.restart()?;
                return Err(Fault::Again("the server could not go on where the download stopped".to_owned()));
            }
        }
        if let Some(length) = response.body().content_length().filter(|&n| n != part.entry.size - part.have) {
            let what = format!("the server has {length} bytes to send and {} are missing", part.entry.size - part.have);
            return Err(network(url, what).into());
        }
        let mut body = response.into_body().into_reader();
        let mut block = vec![0; BLOCK];
        loop {
            control.check()?;
            let n = body.read(&mut block).map_err(|e| self.fault(url, &e.into()))?;
            if n == 0 {
                break;
            }
            part.append(&block[..n], url)?;
            control.report(stage, part.have, part.entry.size);
        }
        if part.have < part.entry.size {
            return Err(Fault::Again("the connection ended early".to_owned()));
        }
        Ok(())
    }

    /// Asks for `url` from byte `from` on.
    fn get(&self, url: &str, from: u64) -> Result<Response<Body>, Fault> {
        let mut request = self.agent.get(url);
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        let response = request.call().map_err(|e| self.fault(url, &e))?;
        match response.status().as_u16() {
            200 | 206 | 416 => Ok(response),
            status @ (401 | 403 | 404) => Err(Fault::Final(self.refused(status))),
            status @ (408 | 429 | 500..) => Err(Fault::Again(format!("the server answered {status}"))),
            status => Err(network(url, format!("the server answered {status}")).into()),
        }
    }

    fn refused(&self, status: u16) -> Error {
        let token = match self.token {
            Some(_) => "the token in HF_TOKEN does not open it",
            None => "it needs a token in HF_TOKEN",
        };
        let hub = without_login(self.endpoint);
        let why = format!("{hub} answered {status}: it does not exist, or it is private or gated and {token}");
        Error::NoModel { name: self.id.to_owned(), why }
    }

    /// Sorts an error of the connection. What it quotes may hold a signed address or a proxy's password: it is
    /// passed on only where it cannot.
    fn fault(&self, url: &str, error: &ureq::Error) -> Fault {
        use ureq::Error as E;
        match error {
            E::Io(_) | E::Timeout(_) | E::ConnectionFailed | E::BodyStalled => Fault::Again(error.to_string()),
            E::Protocol(_) => Fault::Again("the server's answer is not proper HTTP".to_owned()),
            E::BodyExceedsLimit(limit) => network(url, format!("the answer is longer than {limit} bytes")).into(),
            E::RequireHttpsOnly(_) => network(url, "the server led to an address without encryption").into(),
            E::BadUri(_) => network(url, "the server led to an address that is not valid").into(),
            E::ConnectProxyFailed(_) | E::InvalidProxyUrl => network(url, "the proxy cannot be used").into(),
            E::Http(_) if self.token.is_some_and(|t| !t.bytes().all(|b| b.is_ascii_graphic())) => {
                network(url, "HF_TOKEN holds characters that no token has").into()
            }
            _ => network(url, error.to_string()).into(),
        }
    }
}

/// Failures in a row.
#[derive(Default)]
struct Failures {
    count: u32,
    best: u64,
}

impl Failures {
    /// Notes that a request failed after `have` bytes of the file were here, and waits before the next one; gives
    /// up where there should be none.
    fn add(&mut self, fault: Fault, have: u64, url: &str, control: &Control) -> Result<()> {
        let what = match fault {
            Fault::Again(what) => what,
            Fault::Final(error) => return Err(error),
        };
        if have >= self.best + HEADWAY {
            (self.count, self.best) = (0, have);
        }
        self.count += 1;
        if self.count == TRIES {
            return Err(network(url, format!("{what} ({TRIES} tries)")));
        }
        let mut left = WAIT * 2_u32.pow(self.count - 1);
        while !left.is_zero() {
            control.check()?;
            let nap = left.min(Duration::from_millis(50));
            std::thread::sleep(nap);
            left -= nap;
        }
        control.check()
    }
}

/// The byte at which a partial answer says it starts.
fn starts_at(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// A failed download from `url`.
pub(super) fn network(url: &str, what: impl Into<String>) -> Error {
    Error::Network { url: without_login(url), what: what.into() }
}

/// An address without the name and password that it may hold.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_the_address_stays_out_of_messages() {
        assert_eq!(without_login("https://me:secret@mirror.example/a@b"), "https://mirror.example/a@b");
        assert_eq!(without_login("https://mirror.example/a@b"), "https://mirror.example/a@b");
        let session = Session::new("ftp://me:secret@mirror.example", None, "a/b");
        let error = session.err().expect("it is not a web address").to_string();
        assert!(error.contains("HF_ENDPOINT") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_redirect_is_not_quoted() {
        let session = Session::new("http://localhost", None, "a/b").expect("a web address");
        let signed = ureq::Error::BadUri("http://cdn.example/?signature=secret".to_owned());
        let Fault::Final(error) = session.fault("http://localhost/a/b", &signed) else { panic!("it is final") };
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
