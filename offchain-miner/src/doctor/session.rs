//! Whether clients of streaming channels find this miner.

use std::{
	io,
	net::{IpAddr, TcpListener, UdpSocket},
};

use millrace_client::session::network::Multiaddr;

use super::{chain::Facts, report::Check};
use crate::{config::Config, session::identity};

const LISTENING: &str = "sessions";
const PUBLISHED: &str = "endpoint";

/// Whether the addresses to listen on can be had; `None` without sessions. `runs`: this very miner has them now.
pub(super) fn listening(config: &Config, runs: bool) -> Option<Check> {
	let addresses = &config.session.listen;
	let shown = addresses.iter().map(Multiaddr::to_string).collect::<Vec<_>>().join(", ");
	if addresses.is_empty() {
		return None;
	}
	if runs {
		return Some(Check::ok(LISTENING, format!("this operator's miner runs, at {shown}")));
	}
	let taken = addresses.iter().find_map(|address| Some((address, bind(address).err()?)));
	Some(match taken {
		Some((address, error)) => {
			let found = format!("{address} can't be listened on: {error}");
			let mend = "take another port or address in session.listen; if the miner runs already, all is well";
			Check::broken(LISTENING, found, mend)
		}
		None => Check::ok(LISTENING, format!("{shown} can be listened on")),
	})
}

/// Takes the address for a moment. One of another kind than IP is left to the start.
fn bind(address: &Multiaddr) -> io::Result<()> {
	let text = address.to_string();
	let parts: Vec<&str> = text.split('/').collect();
	let ["", "ip4" | "ip6", ip, kind, port, ..] = parts[..] else { return Ok(()) };
	let (Ok(ip), Ok(port)) = (ip.parse::<IpAddr>(), port.parse::<u16>()) else { return Ok(()) };
	match kind {
		"tcp" => TcpListener::bind((ip, port)).map(drop),
		"udp" => UdpSocket::bind((ip, port)).map(drop),
		_ => Ok(()),
	}
}

/// Whether the chain sends clients here; nothing where there are no sessions, neither here nor on chain.
pub(super) fn published(facts: &Facts, config: &Config) -> Option<Check> {
	let serves = !config.session.listen.is_empty();
	let Some(endpoint) = &facts.endpoint else {
		let mend = "the running miner tells it; its log says why not: `endpoint`";
		return (serves && facts.miner.is_some())
			.then(|| Check::warn(PUBLISHED, "the chain does not know where sessions are answered", mend));
	};
	let shown = endpoint.addresses.iter().map(Multiaddr::to_string).collect::<Vec<_>>().join(", ");
	let found = format!("the chain sends clients to {} at {shown}", endpoint.peer);
	if !serves {
		let mend = "set session.listen; until then clients ask there in vain, and are answered by jobs";
		return Some(Check::warn(PUBLISHED, found, mend));
	}
	let own = match identity::find(&config.work_dir) {
		Ok(own) => own,
		Err(error) => {
			let mend = "give session.key in the work directory back to the miner, or take it away: another one is made";
			return Some(Check::broken(PUBLISHED, format!("{error:#}"), mend));
		}
	};
	let public = &config.session.public_addresses;
	Some(if own.is_none_or(|own| own.public().to_peer_id() != endpoint.peer) {
		let mend =
			"start the miner: it tells the chain of the session.key in its work directory; should another miner \
		            run with this operator, stop it";
		Check::broken(PUBLISHED, format!("{found}, who is not this miner"), mend)
	} else if !public.is_empty() && *public != endpoint.addresses {
		let mend = "restart the miner, which tells the chain of session.public_addresses, once in 100 blocks for free";
		Check::warn(PUBLISHED, format!("{found}, which are not the configured addresses"), mend)
	} else {
		Check::ok(PUBLISHED, found)
	})
}
