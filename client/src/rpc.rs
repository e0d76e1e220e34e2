//! One WebSocket connection that comes back by itself.

use std::{
	fmt,
	sync::{Arc, Mutex},
	time::Duration,
};

use millrace_primitives::H256;
use subxt_rpcs::{
	client::{rpc_params, RawRpcFuture, RawRpcSubscription, RawValue, RpcClient, RpcClientT},
	Error,
};
use tokio::{sync::RwLock, time::timeout};

/// How a lost connection starts its message. subxt keeps the text of an error and drops its type on the way up, so
/// that this is what tells a lost connection from a refused request.
pub(crate) const UNREACHABLE: &str = "cannot reach the node at";

/// A node that does not take a connection, or does not say which chain it has, within this time counts as away.
const CONNECT: Duration = Duration::from_secs(10);

/// A JSON-RPC client that connects again when a request finds the connection dead: to the next of its addresses, in a
/// circle.
///
/// A request that only reads is sent once more on the new connection. A submission is not: the node may have got it
/// before the connection broke. A subscription ends with its connection; its reader subscribes again.
#[derive(Clone)]
pub(crate) struct Reconnecting(Arc<State>);

struct State {
	urls: Mutex<Vec<String>>,
	/// The chain that every address has to serve, when there are several.
	genesis: H256,
	current: RwLock<Connection>,
}

#[derive(Clone)]
struct Connection {
	/// Counts connections, so that of many requests that find one dead only the first replaces it.
	generation: u64,
	url: String,
	client: RpcClient,
}

#[derive(Debug)]
struct Unreachable {
	url: String,
	reason: String,
}

impl fmt::Display for Unreachable {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{UNREACHABLE} {}: {}", self.url, self.reason)
	}
}

impl std::error::Error for Unreachable {}

impl Reconnecting {
	/// Connects to the first of `urls`, `ws://` or `wss://`, that answers and serves the chain `genesis`; `None`: any
	/// chain, but the same for ever after.
	pub(crate) async fn connect(urls: &[String], genesis: Option<H256>) -> Result<Self, crate::Error> {
		let mut failed = None;
		for url in urls {
			let opened = open(url).await;
			let (client, found) = match opened {
				Ok(opened) => opened,
				Err(error) => {
					failed.get_or_insert(crate::Error::from(error));
					continue;
				}
			};
			match genesis {
				Some(expected) if expected != found => {
					// What is wrong for good says more than what may be back in a minute.
					failed = Some(crate::Error::OtherChain { url: url.clone(), expected, found });
				}
				_ => {
					let current = RwLock::new(Connection { generation: 0, url: url.clone(), client });
					return Ok(Self(Arc::new(State { urls: Mutex::new(urls.to_vec()), genesis: found, current })));
				}
			}
		}
		Err(failed.unwrap_or_else(|| crate::Error::Connection("no address of a node is known".into())))
	}

	/// The address of the present connection.
	pub(crate) async fn url(&self) -> String {
		self.0.current.read().await.url.clone()
	}

	/// Replaces the addresses. The present connection stays until it breaks.
	pub(crate) fn set_urls(&self, urls: Vec<String>) {
		if let Ok(mut known) = self.0.urls.lock() {
			*known = urls;
		}
	}

	/// Leaves a node that is silent for another one; does nothing when no other address is known or answers.
	pub(crate) async fn move_on(&self) {
		let Connection { generation, url, .. } = self.current().await;
		if self.addresses(&url).iter().any(|other| *other != url) {
			// The reader of the next answer hears of a failure.
			let _ = self.renew(generation).await;
		}
	}

	async fn current(&self) -> Connection {
		self.0.current.read().await.clone()
	}

	/// All addresses, beginning with the one after `last`.
	fn addresses(&self, last: &str) -> Vec<String> {
		let mut urls = self.0.urls.lock().map(|urls| urls.clone()).unwrap_or_default();
		if let Some(at) = urls.iter().position(|url| url == last) {
			let next = at.saturating_add(1).min(urls.len());
			urls.rotate_left(next);
		}
		urls
	}

	/// The connection that follows `dead`: a new one, or the one that another request has made meanwhile.
	async fn renew(&self, dead: u64) -> Result<RpcClient, Error> {
		let mut current = self.0.current.write().await;
		if current.generation == dead {
			let urls = self.addresses(&current.url);
			let (url, client) = self.first_of(&urls).await?;
			tracing::info!(%url, "connected to the node again");
			*current = Connection { generation: dead.wrapping_add(1), url, client };
		}
		Ok(current.client.clone())
	}

	async fn first_of(&self, urls: &[String]) -> Result<(String, RpcClient), Error> {
		let mut failed = None;
		for url in urls {
			let error = match open(url).await {
				// The only address may serve another chain: its reader has to hear of it and stop.
				Ok((client, found)) if found == self.0.genesis || urls.len() == 1 => return Ok((url.clone(), client)),
				Ok(_) => {
					tracing::warn!(%url, "passed over: it serves another chain");
					unreachable_error(url, &"it serves another chain")
				}
				Err(error) => error,
			};
			failed.get_or_insert(error);
		}
		Err(failed.unwrap_or_else(|| unreachable_error("", &"no address of a node is known")))
	}

	async fn explain(&self, error: Error) -> Error {
		match error {
			Error::Client(reason) => unreachable_error(&self.url().await, &reason),
			error => error,
		}
	}
}

/// Connects, and asks which chain is there.
async fn open(url: &str) -> Result<(RpcClient, H256), Error> {
	let opened = timeout(CONNECT, async {
		let client = RpcClient::from_insecure_url(url).await?;
		let genesis: H256 = client.request("chain_getBlockHash", rpc_params![0]).await?;
		Ok::<_, Error>((client, genesis))
	});
	match opened.await {
		Ok(Ok(opened)) => Ok(opened),
		Ok(Err(reason)) => Err(unreachable_error(url, &reason)),
		Err(_) => Err(unreachable_error(url, &"it does not answer")),
	}
}

/// Whether a method changes nothing, so that it may be sent twice.
fn only_reads(method: &str) -> bool {
	!method.starts_with("author_submit")
}

fn unreachable_error(url: &str, reason: &dyn fmt::Display) -> Error {
	let reason = reason.to_string();
	// Each layer below adds the same words.
	let reason = reason.trim_start_matches("RPC error: client error: ").to_owned();
	Error::Client(Box::new(Unreachable { url: url.to_owned(), reason }))
}

impl RpcClientT for Reconnecting {
	fn request_raw<'a>(&'a self, method: &'a str, params: Option<Box<RawValue>>) -> RawRpcFuture<'a, Box<RawValue>> {
		Box::pin(async move {
			let Connection { generation, client, url } = self.current().await;
			match client.request_raw(method, params.clone()).await {
				Err(Error::Client(reason)) => {
					let client = self.renew(generation).await?;
					if !only_reads(method) {
						return Err(unreachable_error(&url, &reason));
					}
					match client.request_raw(method, params).await {
						Ok(answer) => Ok(answer),
						Err(error) => Err(self.explain(error).await),
					}
				}
				result => result,
			}
		})
	}

	fn subscribe_raw<'a>(
		&'a self,
		sub: &'a str,
		params: Option<Box<RawValue>>,
		unsub: &'a str,
	) -> RawRpcFuture<'a, RawRpcSubscription> {
		Box::pin(async move {
			let Connection { generation, client, url } = self.current().await;
			match client.subscribe_raw(sub, params.clone(), unsub).await {
				Err(Error::Client(reason)) => {
					let client = self.renew(generation).await?;
					if !only_reads(sub) {
						return Err(unreachable_error(&url, &reason));
					}
					match client.subscribe_raw(sub, params, unsub).await {
						Ok(answer) => Ok(answer),
						Err(error) => Err(self.explain(error).await),
					}
				}
				result => result,
			}
		})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn method_should_not_be_sent_twice_when_it_submits() {
		assert!(!only_reads("author_submitExtrinsic"));
		assert!(!only_reads("author_submitAndWatchExtrinsic"));
		assert!(only_reads("state_getStorage"));
		assert!(only_reads("chain_subscribeNewHeads"));
	}

	#[tokio::test]
	async fn connect_should_name_the_url_when_nobody_listens() {
		let error = Reconnecting::connect(&["ws://127.0.0.1:1".into()], None).await.err().expect("port 1 has no node");
		assert!(error.to_string().contains("cannot reach the node at ws://127.0.0.1:1"), "{error}");
	}
}
