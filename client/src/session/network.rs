//! Connections between clients and miners: TCP with noise and yamux, or QUIC, dialled directly.

use std::time::Duration;

use futures::{future::Either, StreamExt};
use libp2p_connection_limits::{Behaviour as Limits, ConnectionLimits};
use libp2p_core::{multiaddr::Protocol, muxing::StreamMuxerBox, transport::Boxed, upgrade::Version, Transport};
use libp2p_stream::{Behaviour as Streams, Control, IncomingStreams};
use libp2p_swarm::{
	derive_prelude, dial_opts::DialOpts, Config, DialError, NetworkBehaviour, Stream, StreamProtocol, Swarm, SwarmEvent,
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::wire::PROTOCOL;

pub use libp2p_core::Multiaddr;
pub use libp2p_identity::{Keypair, PeerId};

/// A connection is made within this time, or not at all.
const DIALLING: Duration = Duration::from_secs(10);

/// A connection without streams is kept for so long.
const IDLE: Duration = Duration::from_secs(30);

/// Most connections that a miner keeps, and most of one peer.
const MOST: (u32, u32) = (512, 8);

/// Most connections whose handshake is under way at a miner.
const MOST_PENDING: u32 = 64;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
	/// The keys or the system's name resolution can't be used.
	#[error("the network can't be used: {0}")]
	SetUp(String),
	/// An address can't be listened on.
	#[error("can't listen on {address}: {reason}")]
	Listen {
		/// The address.
		address: Multiaddr,
		/// Why.
		reason: String,
	},
	/// Somebody else answers there.
	#[error(
		"{obtained} answers at the miner's address, and not {expected} that the chain names: it is not this miner"
	)]
	OtherPeer {
		/// What the chain says.
		expected: PeerId,
		/// Who answered.
		obtained: PeerId,
	},
	/// Nobody answers there.
	#[error("no connection to {peer}: {reason}")]
	Unreachable {
		/// Who was to be reached.
		peer: PeerId,
		/// Why.
		reason: String,
	},
}

#[derive(NetworkBehaviour)]
#[behaviour(prelude = "derive_prelude")]
struct Behaviour {
	streams: Streams,
	limits: Limits,
}

/// Keeps a side's connections going; they break when this is dropped.
pub struct Network {
	task: JoinHandle<()>,
	control: Control,
}

impl Network {
	/// Opens a stream to a peer that there is a connection to.
	///
	/// # Errors
	///
	/// [`NetworkError::Unreachable`].
	pub async fn open(&self, peer: PeerId) -> Result<Stream, NetworkError> {
		let unreachable = |reason| NetworkError::Unreachable { peer, reason };
		let mut control = self.control.clone();
		let opened = timeout(DIALLING, control.open_stream(peer, StreamProtocol::new(PROTOCOL))).await;
		opened.map_err(|_| unreachable(late()))?.map_err(|error| unreachable(error.to_string()))
	}
}

fn late() -> String {
	format!("nobody answered within {} seconds", DIALLING.as_secs())
}

impl Drop for Network {
	fn drop(&mut self) {
		self.task.abort();
	}
}

fn transport(key: &Keypair, names: bool) -> Result<Boxed<(PeerId, StreamMuxerBox)>, NetworkError> {
	let set_up = |error: &dyn std::fmt::Display| NetworkError::SetUp(error.to_string());
	let tcp = libp2p_tcp::tokio::Transport::new(libp2p_tcp::Config::default().nodelay(true))
		.upgrade(Version::V1Lazy)
		.authenticate(libp2p_noise::Config::new(key).map_err(|error| set_up(&error))?)
		.multiplex(libp2p_yamux::Config::default())
		.timeout(DIALLING);
	let quic = libp2p_quic::tokio::Transport::new(libp2p_quic::Config::new(key));
	let both = quic.or_transport(tcp).map(|connected, _| match connected {
		Either::Left((peer, muxer)) => (peer, StreamMuxerBox::new(muxer)),
		Either::Right((peer, muxer)) => (peer, StreamMuxerBox::new(muxer)),
	});
	if names {
		Ok(libp2p_dns::tokio::Transport::system(both.boxed()).map_err(|error| set_up(&error))?.boxed())
	} else {
		Ok(both.boxed())
	}
}

fn swarm(key: &Keypair, names: bool, limits: ConnectionLimits) -> Result<Swarm<Behaviour>, NetworkError> {
	let behaviour = Behaviour { streams: Streams::new(), limits: Limits::new(limits) };
	let config = Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
	Ok(Swarm::new(transport(key, names)?, behaviour, key.public().to_peer_id(), config))
}

/// Whether an address has to be looked up.
fn is_name(address: &Multiaddr) -> bool {
	let named = |part| matches!(part, Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) | Protocol::Dnsaddr(_));
	address.iter().any(named)
}

/// Opens a stream to `peer`, which has to be at one of `addresses`, under a new identity of our own.
///
/// # Errors
///
/// [`NetworkError::OtherPeer`] when somebody else answers there, and [`NetworkError::Unreachable`].
pub async fn dial(peer: PeerId, addresses: Vec<Multiaddr>) -> Result<(Network, Stream), NetworkError> {
	let names = addresses.iter().any(is_name);
	let mut swarm = swarm(&Keypair::generate_ed25519(), names, ConnectionLimits::default())?;
	let options = DialOpts::peer_id(peer).addresses(addresses).build();
	swarm.dial(options).map_err(|error| failed(peer, &error))?;
	let control = swarm.behaviour().streams.new_control();
	let connected = async {
		loop {
			match swarm.select_next_some().await {
				SwarmEvent::ConnectionEstablished { peer_id, .. } if peer_id == peer => return Ok(()),
				SwarmEvent::OutgoingConnectionError { error, .. } => return Err(failed(peer, &error)),
				_ => {}
			}
		}
	};
	let unreachable = |_| NetworkError::Unreachable { peer, reason: late() };
	timeout(DIALLING, connected).await.map_err(unreachable)??;
	let network = Network { task: tokio::spawn(follow(swarm, None)), control };
	let stream = network.open(peer).await?;
	Ok((network, stream))
}

fn failed(expected: PeerId, error: &DialError) -> NetworkError {
	match error {
		DialError::WrongPeerId { obtained, .. } => NetworkError::OtherPeer { expected, obtained: *obtained },
		DialError::Transport(tried) if !tried.is_empty() => {
			let tried = tried.iter().map(|(address, error)| format!("{address}: {}", causes(error)));
			NetworkError::Unreachable { peer: expected, reason: tried.collect::<Vec<_>>().join("; ") }
		}
		other => NetworkError::Unreachable { peer: expected, reason: other.to_string() },
	}
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
	let causes = std::iter::successors(error.source(), |error| error.source());
	causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The miner's side of all connections.
pub struct Listening {
	/// Keeps them going.
	pub network: Network,
	/// Streams of clients.
	pub incoming: IncomingStreams,
	/// The addresses that are listened on now, each with its port.
	pub addresses: watch::Receiver<Vec<Multiaddr>>,
}

/// Listens on `addresses` under the identity `key`. Port 0 takes a free one.
///
/// # Errors
///
/// [`NetworkError::Listen`] and [`NetworkError::SetUp`].
pub fn listen(key: &Keypair, addresses: &[Multiaddr]) -> Result<Listening, NetworkError> {
	let limits = ConnectionLimits::default()
		.with_max_established(Some(MOST.0))
		.with_max_established_per_peer(Some(MOST.1))
		.with_max_pending_incoming(Some(MOST_PENDING));
	let mut swarm = swarm(key, false, limits)?;
	for address in addresses {
		let refused = |reason: String| NetworkError::Listen { address: address.clone(), reason };
		swarm.listen_on(address.clone()).map_err(|error| refused(causes(&error)))?;
	}
	let mut control: Control = swarm.behaviour().streams.new_control();
	let registered = control.accept(StreamProtocol::new(PROTOCOL));
	let incoming = registered.map_err(|error| NetworkError::SetUp(error.to_string()))?;
	let (sender, addresses) = watch::channel(Vec::new());
	let network = Network { task: tokio::spawn(follow(swarm, Some(sender))), control };
	Ok(Listening { network, incoming, addresses })
}

/// Keeps connections going, and says which addresses are listened on.
async fn follow(mut swarm: Swarm<Behaviour>, addresses: Option<watch::Sender<Vec<Multiaddr>>>) {
	loop {
		let event = swarm.select_next_some().await;
		let listens = matches!(
			event,
			SwarmEvent::NewListenAddr { .. } | SwarmEvent::ExpiredListenAddr { .. } | SwarmEvent::ListenerClosed { .. }
		);
		match event {
			SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener of sessions has an error"),
			SwarmEvent::IncomingConnectionError { error, .. } => {
				tracing::debug!(%error, "a connection came to nothing")
			}
			_ => {}
		}
		if let Some(sender) = addresses.as_ref().filter(|_| listens) {
			let _ = sender.send(swarm.listeners().cloned().collect());
		}
	}
}
