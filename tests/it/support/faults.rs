//! A server on this machine that answers as a test wants it to: properly, wrongly, late, by half, or not at all.
//!
//! It speaks just enough HTTP/1.1 for one client, plain or through TLS, and plays the proxy too: after `CONNECT` or a
//! SOCKS greeting it goes on as the server that was asked for.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use super::control_plane::ControlPlane;

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `GET`, or `CONNECT` for the proxy.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    /// What was sent along.
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The values of a header, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The same without a header, as an older client sends it.
    pub(crate) fn without(&self, name: &str) -> Asked {
        let headers = self.headers.iter().filter(|(key, _)| key != name).cloned().collect();
        Asked { headers, ..self.clone() }
    }

    /// Whether the path is this one, whatever the query.
    pub(crate) fn is(&self, path: &str) -> bool {
        self.path.split('?').next() == Some(path)
    }

    /// The value of a query parameter, as it was escaped.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let query = self.path.split_once('?')?.1;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// What the server does with a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Answers.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// Sends the first half of a proper answer and closes the connection.
    Half(Value),
    /// Sends the first half of a proper answer and nothing more.
    Stall(Value),
    /// Sends the head of a proper answer and closes the connection.
    Head(Value),
    /// Sends the first half of a proper answer in chunks of HTTP, and closes the connection before the last one.
    HalfChunked(Value),
    /// Sends an answer in its own time.
    Slow(Box<Reply>, Pace),
    /// Closes the connection without a word.
    Close,
    /// Never answers.
    Silence,
}

/// How fast an answer comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How long nothing comes.
    pub(crate) first: Duration,
    /// Bytes of the body that come at once.
    pub(crate) piece: usize,
    /// How long between two pieces.
    pub(crate) pause: Duration,
}

impl Reply {
    /// A proper answer.
    pub(crate) fn json(body: &Value) -> Reply {
        Reply::status(200, body)
    }

    /// An answer with a status.
    pub(crate) fn status(status: u16, body: &Value) -> Reply {
        let headers = vec![("Content-Type", "application/json".to_owned())];
        Reply::Answer { status, headers, body: body.to_string().into_bytes() }
    }

    /// A refusal as the API server makes it.
    pub(crate) fn refusal(status: u16, reason: &str, message: &str) -> Reply {
        let body = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "reason": reason, "message": message, "code": status,
        });
        Reply::status(status, &body)
    }

    /// The same with one more header.
    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Reply {
        if let Reply::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// What a real server says.
    pub(crate) fn forward(server: &ControlPlane, asked: &Asked) -> Reply {
        Reply::try_forward(server, asked).unwrap()
    }

    /// The same of a server that may be gone.
    pub(crate) fn try_forward(server: &ControlPlane, asked: &Asked) -> Option<Reply> {
        let body = (!asked.body.is_empty()).then(|| serde_json::from_slice(&asked.body).unwrap());
        let kind = asked.header("content-type").first().copied().unwrap_or("application/json");
        let accept = asked.header("accept").first().copied();
        let answer = server.client().request_as(kind, accept, &asked.method, &asked.path, body.as_ref()).ok()?;
        let quoted = |text: &String| format!("299 - \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let reply = Reply::status(answer.status, &answer.body);
        Some(answer.warnings.iter().fold(reply, |reply, text| reply.with_header("Warning", &quoted(text))))
    }

    /// The body of an answer, as JSON.
    pub(crate) fn body(&self) -> Value {
        let Reply::Answer { body, .. } = self else { panic!("{self:?} has no body") };
        serde_json::from_slice(body).unwrap()
    }
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

/// The server; it answers as long as the process lives.
pub(crate) struct FaultServer {
    address: SocketAddr,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FaultServer {
    /// A server without TLS.
    pub(crate) fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> FaultServer {
        FaultServer::serve("http", Arc::new(handler), Some)
    }

    /// A server with TLS.
    pub(crate) fn start_tls(
        config: ServerConfig,
        handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> FaultServer {
        let config = Arc::new(config);
        FaultServer::serve("https", Arc::new(handler), move |stream| {
            Some(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).ok()?, stream))
        })
    }

    fn serve<S: Read + Write>(
        scheme: &'static str,
        handler: Arc<Handler>,
        wrap: impl Fn(TcpStream) -> Option<S> + Send + Sync + 'static,
    ) -> FaultServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let wrap = Arc::new(wrap);
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, log, wrap) = (Arc::clone(&handler), Arc::clone(&log), Arc::clone(&wrap));
                thread::spawn(move || {
                    if let Some(stream) = wrap(stream) {
                        // A client that goes away is none of the server's business.
                        let _ = converse(stream, &*handler, &log);
                    }
                });
            }
        });
        FaultServer { address, scheme, asked }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// An address of this machine that nobody listens at.
pub(crate) fn unused_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn converse<S: Read + Write>(stream: S, handler: &Handler, log: &Mutex<Vec<Asked>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    match stream.fill_buf()?.first() {
        Some(5) => greet_socks(&mut stream)?,
        // The first byte of a TLS handshake.
        Some(0x16) => return stream.get_mut().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nno TLS here"),
        _ => {}
    }
    while let Some(asked) = read_request(&mut stream)? {
        log.lock().unwrap().push(asked.clone());
        if asked.method == "CONNECT" {
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            continue;
        }
        if !write_reply(&mut stream, &handler(&asked))? {
            return Ok(());
        }
    }
    Ok(())
}

/// Writes a reply; whether the connection goes on.
fn write_reply<S: Read + Write>(stream: &mut BufReader<S>, reply: &Reply) -> io::Result<bool> {
    match reply {
        Reply::Answer { .. } => write_slowly(stream.get_mut(), reply, None)?,
        Reply::Slow(reply, pace) => write_slowly(stream.get_mut(), reply, Some(*pace))?,
        Reply::Half(body) | Reply::Stall(body) | Reply::Head(body) => {
            let body = body.to_string();
            let sent = if matches!(reply, Reply::Head(_)) { 0 } else { body.len() / 2 };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.get_mut().write_all(&[head.as_bytes(), &body.as_bytes()[..sent]].concat())?;
        }
        Reply::HalfChunked(body) => {
            let body = body.to_string();
            let sent = &body[..body.len() / 2];
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.get_mut().write_all(format!("{head}{:x}\r\n{sent}\r\n", sent.len()).as_bytes())?;
        }
        Reply::Close | Reply::Silence => {}
    }
    stream.get_mut().flush()?;
    match reply {
        Reply::Answer { .. } | Reply::Slow(..) => Ok(true),
        Reply::Half(_) | Reply::Head(_) | Reply::HalfChunked(_) | Reply::Close => Ok(false),
        // The client's end of the connection ends it.
        Reply::Stall(_) | Reply::Silence => io::copy(stream, &mut io::sink()).map(|_| false),
    }
}

/// Writes a whole answer, at a pace or at once.
fn write_slowly<S: Write>(stream: &mut S, reply: &Reply, pace: Option<Pace>) -> io::Result<()> {
    let Reply::Answer { status, headers, body } = reply else { panic!("only whole answers are slow, not {reply:?}") };
    let mut head = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let Some(Pace { first, piece, pause }) = pace else {
        return stream.write_all(&[head.as_bytes(), body].concat());
    };
    thread::sleep(first);
    stream.write_all(head.as_bytes())?;
    for piece in body.chunks(piece) {
        stream.write_all(piece)?;
        stream.flush()?;
        thread::sleep(pause);
    }
    Ok(())
}

fn read_request(stream: &mut impl BufRead) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 || line.trim().is_empty() {
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let mut body = vec![0; length.map_or(0, |(_, value): &(String, String)| value.parse().unwrap())];
            stream.read_exact(&mut body)?;
            return Ok(Some(Asked { method, path, headers, body }));
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

/// The server's part of a SOCKS5 greeting without a password, whatever the address.
fn greet_socks<S: Read + Write>(stream: &mut BufReader<S>) -> io::Result<()> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    stream.read_exact(&mut vec![0; usize::from(head[1])])?;
    stream.get_mut().write_all(&[5, 0])?;
    stream.get_mut().flush()?;
    let mut request = [0; 4];
    stream.read_exact(&mut request)?;
    let length = match request[3] {
        1 => 4,
        4 => 16,
        _ => {
            let mut length = [0];
            stream.read_exact(&mut length)?;
            usize::from(length[0])
        }
    };
    stream.read_exact(&mut vec![0; length + 2])?;
    stream.get_mut().write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    stream.get_mut().flush()
}
