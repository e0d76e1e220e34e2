//! Fetching: only from hosts that the owner allows, only from public addresses, and from the very address that was
//! looked at, so that a name can't point elsewhere between the look and the connection.

use std::{
	io,
	net::{IpAddr, SocketAddr},
	path::Path,
	sync::Arc,
	time::Duration,
};

use async_trait::async_trait;
use http_body_util::{BodyExt, Empty};
use hyper::{
	body::{Bytes, Incoming},
	client::conn::http1,
	header, Request, Response, StatusCode,
};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use tokio::{
	io::{AsyncRead, AsyncWrite, AsyncWriteExt},
	net::TcpStream,
	time::timeout,
};
use tokio_rustls::{
	rustls::{crypto::ring, pki_types::ServerName, ClientConfig, RootCertStore},
	TlsConnector,
};
use url::{Host, Url};

use crate::{
	engines::EngineError,
	task::{bad, broken, denied, document::parse_url, is_public, Digest},
};

/// A host that does not take a connection, or is silent, for so long is away.
const SILENCE: Duration = Duration::from_secs(15);
/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Names and addresses of the network.
#[async_trait]
pub(super) trait Network: Send + Sync {
	/// Whether an input may come from this address.
	fn is_allowed(&self, address: IpAddr) -> bool;

	/// The addresses of a name.
	async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The Internet.
struct Internet;

#[async_trait]
impl Network for Internet {
	fn is_allowed(&self, address: IpAddr) -> bool {
		is_public(address)
	}

	async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
		Ok(tokio::net::lookup_host((host, port)).await?.collect())
	}
}

/// Fetches inputs.
pub(in crate::task) struct Fetcher {
	hosts: Vec<String>,
	network: Box<dyn Network>,
	tls: TlsConnector,
}

impl Fetcher {
	/// One that fetches from these hosts only: names, with `:PORT` if it is not the scheme's own.
	///
	/// # Errors
	///
	/// When TLS can't be set up.
	pub(in crate::task) fn new(hosts: Vec<String>) -> anyhow::Result<Self> {
		let mut roots = RootCertStore::empty();
		// What can't be read or understood is left out; without any, https fails with the reason.
		roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
		Self::with(hosts, Box::new(Internet), roots)
	}

	pub(super) fn with(hosts: Vec<String>, network: Box<dyn Network>, roots: RootCertStore) -> anyhow::Result<Self> {
		let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
			.with_safe_default_protocol_versions()?
			.with_root_certificates(roots)
			.with_no_client_auth();
		Ok(Self { hosts, network, tls: TlsConnector::from(Arc::new(config)) })
	}

	/// Writes what is at `url` to a new file; the sha256 of it.
	///
	/// # Errors
	///
	/// As [`Fetcher::bring`]; the file may hold a part then.
	pub(super) async fn fetch(&self, url: &Url, most: u64, path: &Path) -> Result<Digest, EngineError> {
		let mut url = url.clone();
		for _ in 0..=MAX_REDIRECTS {
			let response = self.get(&url).await?;
			match response.status() {
				StatusCode::OK => return save(response, most, path).await,
				status if status.is_redirection() => {
					let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
					let next = location.and_then(|location| url.join(location).ok());
					let next = next.ok_or_else(|| bad(format!("{status} leads nowhere")))?;
					url = parse_url(next.as_str()).map_err(|what| bad(format!("redirected: {what}")))?;
				}
				status if status.is_client_error() => return Err(bad(format!("the host answers {status}"))),
				status => return Err(broken(format!("the host answers {status}"))),
			}
		}
		Err(bad(format!("more than {MAX_REDIRECTS} redirects")))
	}

	async fn get(&self, url: &Url) -> Result<Response<Incoming>, EngineError> {
		let (name, addresses) = self.addresses(url).await?;
		let connection = self.connect(url, &name, &addresses).await?;
		let away = |error: &dyn std::fmt::Display| broken(format!("{name} does not answer: {error}"));
		let (mut sender, connection) =
			http1::handshake(TokioIo::new(connection)).await.map_err(|error| away(&error))?;
		tokio::spawn(connection);
		let authority = match url.port() {
			Some(port) => format!("{name}:{port}"),
			None => name.clone(),
		};
		let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
		let request = Request::get(path)
			.header(header::HOST, authority)
			.header(header::USER_AGENT, concat!("millrace-miner/", env!("CARGO_PKG_VERSION")))
			.header(header::ACCEPT, "*/*")
			.body(Empty::<Bytes>::new())
			.map_err(bad)?;
		match timeout(SILENCE, sender.send_request(request)).await {
			Ok(response) => response.map_err(|error| away(&error)),
			Err(error) => Err(away(&error)),
		}
	}

	/// The host's name and its addresses, every one of them allowed.
	async fn addresses(&self, url: &Url) -> Result<(String, Vec<SocketAddr>), EngineError> {
		let private = |what: &dyn std::fmt::Display| bad(format!("{what} is no public address"));
		let port = url.port_or_known_default().ok_or_else(|| bad("its url has no port"))?;
		let literal = match url.host() {
			Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
			Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
			_ => None,
		};
		let name = url.host_str().unwrap_or_default().to_owned();
		let bare = name.trim_end_matches('.');
		if bare.is_empty() || bare == "localhost" || bare.ends_with(".localhost") {
			return Err(private(&name));
		}
		if let Some(address) = literal.filter(|address| !self.network.is_allowed(*address)) {
			return Err(private(&address));
		}
		let wanted = url.port().map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
		if !self.hosts.contains(&wanted) {
			return Err(denied(format!("{wanted} is not among task.hosts")));
		}
		let found = match timeout(SILENCE, self.network.resolve(&name, port)).await {
			Ok(Ok(found)) => found,
			Ok(Err(error)) => return Err(broken(format!("{name} has no address: {error}"))),
			Err(error) => return Err(broken(format!("{name} has no address: {error}"))),
		};
		if let Some(address) = found.iter().find(|address| !self.network.is_allowed(address.ip())) {
			return Err(private(&format!("{name} ({})", address.ip())));
		}
		Ok((name, found))
	}

	async fn connect(&self, url: &Url, name: &str, addresses: &[SocketAddr]) -> Result<Box<dyn Stream>, EngineError> {
		let mut why = "it has no address".to_owned();
		for address in addresses {
			let stream = match timeout(SILENCE, TcpStream::connect(address)).await {
				Ok(Ok(stream)) => stream,
				Ok(Err(error)) => {
					why = error.to_string();
					continue;
				}
				Err(error) => {
					why = error.to_string();
					continue;
				}
			};
			if url.scheme() == "http" {
				return Ok(Box::new(stream));
			}
			let server = ServerName::try_from(name.to_owned()).map_err(bad)?;
			match timeout(SILENCE, self.tls.connect(server, stream)).await {
				Ok(Ok(stream)) => return Ok(Box::new(stream)),
				Ok(Err(error)) => why = error.to_string(),
				Err(error) => why = error.to_string(),
			}
		}
		Err(broken(format!("{name} can't be reached: {why}")))
	}
}

async fn save(response: Response<Incoming>, most: u64, path: &Path) -> Result<Digest, EngineError> {
	let too_large = || bad("larger than its max_bytes");
	let mut body = response.into_body();
	if hyper::body::Body::size_hint(&body).lower() > most {
		return Err(too_large());
	}
	let mut file = tokio::fs::File::from_std(super::create(path).map_err(broken)?);
	let (mut hash, mut left) = (Sha256::new(), most);
	loop {
		let frame = timeout(SILENCE, body.frame()).await.map_err(|_| broken("the host fell silent"))?;
		let Some(frame) = frame else { break };
		let frame = frame.map_err(|error| broken(format!("the host broke off: {error}")))?;
		let Some(bytes) = frame.data_ref() else { continue };
		left = left.checked_sub(bytes.len() as u64).ok_or_else(too_large)?;
		hash.update(bytes);
		file.write_all(bytes).await.map_err(broken)?;
	}
	file.flush().await.map_err(broken)?;
	Ok(Digest(hash.finalize().into()))
}
