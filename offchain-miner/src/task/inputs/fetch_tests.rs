use std::{collections::BTreeMap, net::Ipv4Addr, sync::Mutex};

use async_trait::async_trait;
use millrace_primitives::FailCode;
use serde_json::json;
use std::{
	io,
	net::{IpAddr, SocketAddr},
	sync::Arc,
};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpListener,
};
use tokio_rustls::rustls::RootCertStore;
use url::Url;

use super::{fetch::Network, Fetcher};
use crate::{
	engines::EngineError,
	task::{is_public, Document},
};

/// sha256 of "hello".
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
/// The address that stands for the public Internet: of loopback, all others stay forbidden.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const PRIVATE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A network of names; the last address of a name stays.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<BTreeMap<String, Vec<IpAddr>>>>);

#[async_trait]
impl Network for Names {
	fn is_allowed(&self, address: IpAddr) -> bool {
		address == PUBLIC || is_public(address)
	}

	async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
		let mut names = self.0.lock().unwrap();
		let found = names.get_mut(host).ok_or_else(|| io::Error::other("no such name"))?;
		let address = if found.len() > 1 { found.remove(0) } else { found[0] };
		Ok(vec![SocketAddr::new(address, port)])
	}
}

struct Server {
	port: u16,
	requests: Arc<Mutex<Vec<String>>>,
}

/// Answers every request with the bytes that `answer` makes of its path.
async fn serve(address: IpAddr, answer: impl Fn(&str) -> String + Send + 'static) -> Server {
	let listener = TcpListener::bind((address, 0)).await.unwrap();
	let port = listener.local_addr().unwrap().port();
	let requests = Arc::new(Mutex::new(Vec::new()));
	let seen = requests.clone();
	tokio::spawn(async move {
		while let Ok((mut stream, _)) = listener.accept().await {
			let mut head = Vec::new();
			while !head.ends_with(b"\r\n\r\n") {
				let mut byte = [0];
				if stream.read_exact(&mut byte).await.is_err() {
					break;
				}
				head.push(byte[0]);
				// That is the beginning of TLS, which it does not speak.
				if head[0] == 0x16 {
					break;
				}
			}
			let head = String::from_utf8(head).unwrap();
			let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
			seen.lock().unwrap().push(head.clone());
			let _ = stream.write_all(answer(&path).as_bytes()).await;
		}
	});
	Server { port, requests }
}

fn ok(body: &str) -> String {
	format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
	format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// One that knows `data.test` at the public address, and may fetch from there.
fn fetcher(ports: &[u16]) -> (Fetcher, Names) {
	let names = Names::default();
	names.0.lock().unwrap().insert("data.test".into(), vec![PUBLIC]);
	let hosts = ports.iter().map(|port| format!("data.test:{port}")).collect();
	(Fetcher::with(hosts, Box::new(names.clone()), RootCertStore::empty()).unwrap(), names)
}

async fn fetched(fetcher: &Fetcher, url: &str, most: u64) -> Result<String, EngineError> {
	let dir = tempfile::tempdir().unwrap();
	let digest = fetcher.fetch(&Url::parse(url).unwrap(), most, &dir.path().join("x")).await?;
	Ok(digest.to_string())
}

async fn code(fetcher: &Fetcher, url: &str) -> FailCode {
	fetched(fetcher, url, 1_000).await.unwrap_err().code
}

#[tokio::test]
async fn input_should_be_fetched_when_its_host_is_allowed() {
	let server = serve(PUBLIC, |_| ok("hello")).await;
	let (fetcher, _) = fetcher(&[server.port]);
	let url = format!("http://data.test:{}/a?b=c", server.port);
	assert_eq!(fetched(&fetcher, &url, 5).await.unwrap(), HELLO);
	let head = server.requests.lock().unwrap().remove(0);
	assert!(head.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{head}");
	assert!(head.contains(&format!("host: data.test:{}\r\n", server.port)), "{head}");
}

#[tokio::test]
async fn input_should_be_denied_when_its_host_is_not_allowed() {
	let server = serve(PUBLIC, |_| ok("hello")).await;
	let (fetcher, names) = fetcher(&[server.port]);
	names.0.lock().unwrap().insert("other.test".into(), vec![PUBLIC]);
	let port = server.port;
	assert_eq!(code(&fetcher, &format!("http://other.test:{port}/")).await, FailCode::Denied);
	assert_eq!(code(&fetcher, &format!("http://data.test:{}/", port ^ 1)).await, FailCode::Denied);
	assert_eq!(code(&fetcher, "http://data.test/").await, FailCode::Denied);
	assert_eq!(code(&fetcher, "http://8.8.8.8/").await, FailCode::Denied);
	assert!(server.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn input_should_be_refused_when_its_address_is_private() {
	let server = serve(PRIVATE, |_| ok("hello")).await;
	let (fetcher, names) = fetcher(&[server.port]);
	names.0.lock().unwrap().insert("data.test".into(), vec![PRIVATE]);
	let port = server.port;
	for host in [
		"127.0.0.1",
		"localhost",
		"a.localhost",
		"localhost.",
		"0.0.0.0",
		"0x7f000001",
		"2130706433",
		"127.1",
		"[::1]",
		"[::ffff:127.0.0.1]",
		"169.254.169.254",
		"10.0.0.1",
		"192.168.0.1",
		"data.test",
	] {
		assert_eq!(code(&fetcher, &format!("http://{host}:{port}/")).await, FailCode::BadInput, "{host}");
	}
	assert!(server.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn input_should_be_refused_when_it_is_redirected_to_a_private_address() {
	let private = serve(PRIVATE, |_| ok("hello")).await;
	let target = private.port;
	let server = serve(PUBLIC, move |path| match path {
		"/link-local" => redirect("http://169.254.169.254/latest/meta-data"),
		"/file" => redirect("file:///etc/passwd"),
		"/name" => redirect(&format!("http://localhost:{target}/")),
		_ => redirect(&format!("http://127.0.0.1:{target}/")),
	})
	.await;
	let (fetcher, _) = fetcher(&[server.port, target]);
	for path in ["loopback", "link-local", "file", "name"] {
		let url = format!("http://data.test:{}/{path}", server.port);
		assert_eq!(code(&fetcher, &url).await, FailCode::BadInput, "{path}");
	}
	assert_eq!(server.requests.lock().unwrap().len(), 4);
	assert!(private.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn input_should_be_denied_when_it_is_redirected_to_another_host() {
	let server = serve(PUBLIC, |_| redirect("https://other.example/")).await;
	let (fetcher, _) = fetcher(&[server.port]);
	assert_eq!(code(&fetcher, &format!("http://data.test:{}/", server.port)).await, FailCode::Denied);
}

#[tokio::test]
async fn redirects_should_be_followed_when_they_are_few() {
	let server = serve(PUBLIC, |path| match path {
		"/3" => redirect("/2"),
		"/2" => redirect("1"),
		"/1" => redirect("?end"),
		"/1?end" => ok("hello"),
		_ => redirect("/again"),
	})
	.await;
	let (fetcher, _) = fetcher(&[server.port]);
	let url = format!("http://data.test:{}", server.port);
	assert_eq!(fetched(&fetcher, &format!("{url}/3"), 5).await.unwrap(), HELLO);
	assert_eq!(code(&fetcher, &format!("{url}/again")).await, FailCode::BadInput);
	assert_eq!(server.requests.lock().unwrap().len(), 4 + 4);
}

#[tokio::test]
async fn name_should_not_lead_elsewhere_when_it_changes_after_the_look() {
	let private = serve(PRIVATE, |_| ok("secret")).await;
	let (fetcher, names) = fetcher(&[private.port]);
	// The first look finds the public address, where nobody listens on this port; a second would find the private one.
	names.0.lock().unwrap().insert("data.test".into(), vec![PUBLIC, PRIVATE]);
	let url = format!("http://data.test:{}/", private.port);
	assert_eq!(code(&fetcher, &url).await, FailCode::EngineError);
	assert_eq!(code(&fetcher, &url).await, FailCode::BadInput);
	assert!(private.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn input_should_be_refused_when_it_is_larger_than_said() {
	let server = serve(PUBLIC, |path| match path {
		"/told" => ok("hello!"),
		_ => format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(100_000)),
	})
	.await;
	let (fetcher, _) = fetcher(&[server.port]);
	for path in ["told", "untold"] {
		let url = format!("http://data.test:{}/{path}", server.port);
		assert_eq!(fetched(&fetcher, &url, 5).await.unwrap_err().code, FailCode::BadInput, "{path}");
	}
}

#[tokio::test]
async fn fault_should_be_the_clients_when_the_host_has_no_such_file_and_the_hosts_otherwise() {
	let server =
		serve(PUBLIC, |path| format!("HTTP/1.1 {} X\r\ncontent-length: 0\r\n\r\n", path.trim_start_matches('/'))).await;
	let (fetcher, _) = fetcher(&[server.port]);
	let url = format!("http://data.test:{}", server.port);
	assert_eq!(code(&fetcher, &format!("{url}/404")).await, FailCode::BadInput);
	assert_eq!(code(&fetcher, &format!("{url}/503")).await, FailCode::EngineError);
	// Not TLS at all.
	assert_eq!(code(&fetcher, &url.replace("http:", "https:")).await, FailCode::EngineError);
}

#[tokio::test]
async fn input_should_be_refused_when_its_hash_is_another() {
	let server = serve(PUBLIC, |_| ok("hello")).await;
	let (fetcher, _) = fetcher(&[server.port]);
	let document = |sha256: &str| {
		let url = format!("http://data.test:{}/", server.port);
		let input = json!({"name": "a", "url": url, "sha256": sha256, "max_bytes": 5});
		Document::parse(json!({"version": 1, "entry": "e", "inputs": [input]}).to_string().as_bytes()).unwrap()
	};
	let dir = tempfile::tempdir().unwrap();
	let error = fetcher.bring(&document(&"00".repeat(32)), dir.path(), dir.path()).await.unwrap_err();
	assert_eq!(error.code, FailCode::BadInput);
	assert!(error.message.starts_with("input a: its sha256 is"), "{}", error.message);
	let dir = tempfile::tempdir().unwrap();
	fetcher.bring(&document(HELLO), dir.path(), dir.path()).await.unwrap();
	assert_eq!(std::fs::read(dir.path().join("a")).unwrap(), b"hello");
}
