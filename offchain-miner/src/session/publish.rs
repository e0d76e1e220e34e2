//! Telling the chain where sessions are answered.

use std::{sync::Arc, time::Duration};

use millrace_client::{
	endpoint::{MAX_ADDRESSES, MAX_ADDRESS_BYTES},
	session::network::{Multiaddr, PeerId},
};
use tokio::{sync::watch, time::sleep};

use super::ledger::Ledger;

/// Addresses come one after another when a listener begins.
const GATHERING: Duration = Duration::from_millis(500);

/// Between two tries. The chain takes a change for free after 100 blocks.
const AGAIN: Duration = Duration::from_secs(20);

/// Which of the addresses that are listened on others are told: those of this machine alone only when there are no
/// others, one of each kind first.
fn choose(listened: &[Multiaddr]) -> Vec<Multiaddr> {
	let fits = |address: &&Multiaddr| address.to_vec().len() <= MAX_ADDRESS_BYTES;
	let (local, others): (Vec<_>, Vec<_>) = listened.iter().filter(fits).cloned().partition(is_loopback);
	let mut chosen = if others.is_empty() { local } else { others };
	chosen.sort();
	chosen.dedup();
	let is_quic = |address: &Multiaddr| address.to_string().contains("/quic");
	let (quic, tcp): (Vec<_>, Vec<_>) = chosen.into_iter().partition(is_quic);
	let half = MAX_ADDRESSES / 2;
	let of_tcp = MAX_ADDRESSES - quic.len().min(half);
	let mut all: Vec<_> = tcp.into_iter().take(of_tcp).collect();
	let left = MAX_ADDRESSES - all.len();
	all.extend(quic.into_iter().take(left));
	all
}

fn is_loopback(address: &Multiaddr) -> bool {
	let text = address.to_string();
	text.starts_with("/ip4/127.") || text.starts_with("/ip6/::1/")
}

/// Keeps the chain's entry what it should be, for ever.
pub(super) async fn keep_published(
	ledger: Arc<dyn Ledger>,
	peer: PeerId,
	public: Vec<Multiaddr>,
	mut listened: watch::Receiver<Vec<Multiaddr>>,
) {
	loop {
		sleep(GATHERING).await;
		let addresses = if public.is_empty() { choose(&listened.borrow_and_update()) } else { public.clone() };
		if !addresses.is_empty() {
			match publish(&*ledger, peer, &addresses).await {
				Ok(true) => {}
				Ok(false) => {
					sleep(AGAIN).await;
					continue;
				}
				Err(error) => {
					tracing::warn!(event = %"endpoint", %error, "the chain could not be told where sessions are answered");
					sleep(AGAIN).await;
					continue;
				}
			}
		}
		// Nothing changes the addresses any more once all listeners are gone.
		if listened.changed().await.is_err() {
			return;
		}
	}
}

/// Whether the chain knows it now.
async fn publish(ledger: &dyn Ledger, peer: PeerId, addresses: &[Multiaddr]) -> Result<bool, crate::chain::ChainError> {
	let Some(known) = ledger.endpoint().await? else { return Ok(false) };
	if !known.is_some_and(|known| known.peer == peer && known.addresses == addresses) {
		ledger.set_endpoint(peer, addresses).await?;
	}
	let shown: Vec<_> = addresses.iter().map(Multiaddr::to_string).collect();
	tracing::info!(event = %"endpoint", %peer, addresses = %shown.join(","), "sessions are answered there");
	Ok(true)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn chosen(addresses: &[&str]) -> Vec<String> {
		let parsed: Vec<Multiaddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
		choose(&parsed).iter().map(Multiaddr::to_string).collect()
	}

	#[test]
	fn addresses_of_this_machine_alone_should_be_told_only_when_there_are_no_others() {
		let local = "/ip4/127.0.0.1/tcp/1";
		assert_eq!(chosen(&[local]), [local]);
		assert_eq!(chosen(&[local, "/ip4/10.0.0.1/tcp/1"]), ["/ip4/10.0.0.1/tcp/1"]);
	}

	#[test]
	fn both_transports_should_be_told_when_there_are_too_many_addresses() {
		let many: Vec<String> = (1..9).map(|host| format!("/ip4/10.0.0.{host}/tcp/1")).collect();
		let mut all: Vec<&str> = many.iter().map(String::as_str).collect();
		all.push("/ip4/10.0.0.1/udp/1/quic-v1");
		let chosen = chosen(&all);
		assert_eq!(chosen.len(), 4);
		assert_eq!(chosen[3], "/ip4/10.0.0.1/udp/1/quic-v1");
	}
}
