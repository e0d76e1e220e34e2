//! A connection to a node that falls silent at a moment of the test's choice.

use futures::{SinkExt, StreamExt};
use tokio::{
	net::{TcpListener, TcpStream},
	sync::watch,
	task::JoinHandle,
};
use tokio_tungstenite::{accept_async, connect_async, tungstenite::Error, MaybeTlsStream, WebSocketStream};

use crate::{Node, PATIENCE};

/// Passes the messages between one client and a node, unchanged and in their order, up to and with the first one that
/// holds a given text. After that it stays open and passes nothing, as a network does that has failed.
pub struct Link {
	url: String,
	silent: watch::Receiver<bool>,
	task: JoinHandle<()>,
}

impl Link {
	/// A link to `node` for the first client that connects to [`Link::url`], silent after a message that holds `last`,
	/// whichever way it goes.
	pub async fn silent_after(node: &Node, last: String) -> Self {
		let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
		let url = format!("ws://{}", listener.local_addr().unwrap());
		let (silence, silent) = watch::channel(false);
		let target = node.url();
		let task = tokio::spawn(async move {
			let (stream, _) = listener.accept().await.unwrap();
			let client = accept_async(stream).await.unwrap();
			let (node, _) = connect_async(target).await.unwrap();
			pass(client, node, &last, &silence).await;
		});
		Self { url, silent, task }
	}

	/// The address for the client.
	pub fn url(&self) -> &str {
		&self.url
	}

	/// Waits until the last message has been passed on.
	pub async fn silence(&self) {
		let mut silent = self.silent.clone();
		let waited = tokio::time::timeout(PATIENCE, silent.wait_for(|silent| *silent)).await;
		waited.expect("the last message comes in time").expect("the link stands");
	}
}

impl Drop for Link {
	fn drop(&mut self) {
		self.task.abort();
	}
}

async fn pass(
	mut client: WebSocketStream<TcpStream>,
	mut node: WebSocketStream<MaybeTlsStream<TcpStream>>,
	last: &str,
	silence: &watch::Sender<bool>,
) {
	loop {
		let (message, from_node) = tokio::select! {
			message = client.next() => (message, false),
			message = node.next() => (message, true),
		};
		// Either side has closed or was killed.
		let Some(Ok(message)) = message else { return };
		let is_last = message.to_text().is_ok_and(|text| text.contains(last));
		let sent: Result<(), Error> = if from_node { client.send(message).await } else { node.send(message).await };
		if sent.is_err() {
			return;
		}
		if is_last {
			silence.send_replace(true);
			// The sockets stay open: nothing is read from them any more.
			std::future::pending::<()>().await;
		}
	}
}

/// Bytes as they stand in JSON-RPC messages.
pub fn as_hex(bytes: &[u8]) -> String {
	bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
