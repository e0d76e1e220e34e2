//! One WebSocket connection that comes back by itself.

use std::fmt;

use subxt_rpcs::{
	client::{RawRpcFuture, RawRpcSubscription, RawValue, RpcClient, RpcClientT},
	Error,
};
use tokio::sync::RwLock;

/// How a lost connection starts its message. subxt keeps the text of an error and drops its type on the way up, so
/// that this is what tells a lost connection from a refused request.
pub(crate) const UNREACHABLE: &str = "cannot reach the node at";

/// A JSON-RPC client that connects again when a request finds the connection dead.
///
/// A request that only reads is sent once more on the new connection. A submission is not: the node may have got it
/// before the connection broke. A subscription ends with its connection; its reader subscribes again.
pub(crate) struct Reconnecting {
	url: String,
	current: RwLock<Connection>,
}

#[derive(Clone)]
struct Connection {
	/// Counts connections, so that of many requests that find one dead only the first replaces it.
	generation: u64,
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
	/// Connects to `url`, `ws://` or `wss://`.
	pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
		let client = RpcClient::from_insecure_url(url).await.map_err(|reason| unreachable_error(url, &reason))?;
		Ok(Self { url: url.to_owned(), current: RwLock::new(Connection { generation: 0, client }) })
	}

	async fn current(&self) -> Connection {
		self.current.read().await.clone()
	}

	/// The connection that follows `dead`: a new one, or the one that another request has made meanwhile.
	async fn renew(&self, dead: u64) -> Result<RpcClient, Error> {
		let mut current = self.current.write().await;
		if current.generation == dead {
			let client = RpcClient::from_insecure_url(&self.url)
				.await
				.map_err(|reason| unreachable_error(&self.url, &reason))?;
			tracing::info!(url = %self.url, "connected to the node again");
			*current = Connection { generation: dead.wrapping_add(1), client };
		}
		Ok(current.client.clone())
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
			let Connection { generation, client } = self.current().await;
			match client.request_raw(method, params.clone()).await {
				Err(Error::Client(reason)) => {
					let client = self.renew(generation).await?;
					if !only_reads(method) {
						return Err(unreachable_error(&self.url, &reason));
					}
					client.request_raw(method, params).await.map_err(|error| self.explain(error))
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
			let Connection { generation, client } = self.current().await;
			match client.subscribe_raw(sub, params.clone(), unsub).await {
				Err(Error::Client(reason)) => {
					let client = self.renew(generation).await?;
					if !only_reads(sub) {
						return Err(unreachable_error(&self.url, &reason));
					}
					client.subscribe_raw(sub, params, unsub).await.map_err(|error| self.explain(error))
				}
				result => result,
			}
		})
	}
}

impl Reconnecting {
	fn explain(&self, error: Error) -> Error {
		match error {
			Error::Client(reason) => unreachable_error(&self.url, &reason),
			error => error,
		}
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
		let error = Reconnecting::connect("ws://127.0.0.1:1").await.err().expect("port 1 has no node");
		assert!(error.to_string().contains("cannot reach the node at ws://127.0.0.1:1"), "{error}");
	}
}
