use std::path::Path;

use millrace_client::{session::network::Keypair, Endpoint, Error};
use millrace_primitives::{AccountId32, H256, MILL};

use super::{
	fixtures::{facts, RATE},
	*,
};
use crate::config::{Accel, EngineConfig, Genesis, Offer};

fn config() -> Config {
	let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/millrace-tiny.gguf");
	Config {
		genesis: Some(Genesis(H256::repeat_byte(7))),
		engines: vec![EngineConfig::Llama { models: vec![tiny], threads: None }],
		offers: vec![Offer { model: "millrace-tiny".into(), rate: RATE, slots: 1.try_into().unwrap() }],
		accel: Accel::Cpu,
		..Config::default()
	}
}

async fn judged(config: &Config, change: impl FnOnce(&mut Facts)) -> Vec<Check> {
	let mut facts = facts();
	change(&mut facts);
	judge(&facts, config, &Probe::new(config).await, &Owner::unnamed(config))
}

/// What is not as it should be: name, state, and what to do.
fn faults(checks: &[Check]) -> Vec<(&'static str, State, String)> {
	let bad = checks.iter().filter(|check| check.state != State::Ok);
	bad.map(|check| (check.name, check.state, check.mend.clone().unwrap_or_default())).collect()
}

/// The only fault.
async fn fault(config: &Config, change: impl FnOnce(&mut Facts)) -> (&'static str, State, String) {
	let found = faults(&judged(config, change).await);
	assert_eq!(found.len(), 1, "{found:?}");
	found.into_iter().next().unwrap()
}

#[tokio::test]
async fn judge_should_find_nothing_when_all_is_well() {
	assert_eq!(faults(&judged(&config(), |_| {}).await), []);
}

#[tokio::test]
async fn judge_should_say_how_to_register_when_the_operator_is_unknown() {
	let found = faults(
		&judged(&config(), |facts| {
			facts.miner = None;
			facts.offers.clear();
		})
		.await,
	);
	let (name, state, mend) = &found[0];
	assert_eq!((*name, *state), ("registered", State::Broken));
	let operator = AccountId32::new(super::fixtures::OPERATOR);
	assert!(mend.contains(&format!("miner register --operator {operator} --stake 100")), "{mend}");
	assert!(mend.contains(&format!("miners.register(operator: {operator}, stake: {})", 100 * MILL)), "{mend}");
	let offer = found.iter().find(|(name, ..)| *name == "offers").unwrap();
	assert!(offer.2.contains("miner offer --model millrace-tiny --per-gpu-second 0.02 --slots 1"), "{offer:?}");
}

#[tokio::test]
async fn judge_should_say_how_much_stake_is_missing_when_it_is_below_the_slots() {
	let found = fault(&config(), |facts| facts.miner.as_mut().unwrap().bonded = 60 * MILL).await;
	assert_eq!((found.0, found.1), ("stake", State::Broken));
	assert!(found.2.contains("miner stake 40"), "{}", found.2);
}

#[tokio::test]
async fn judge_should_ask_for_readiness_when_the_owner_withdrew_it_or_the_miner_does_not_manage_it() {
	let withdrawn = |facts: &mut Facts| facts.miner.as_mut().unwrap().ready = false;
	let drained = |facts: &mut Facts| {
		withdrawn(facts);
		facts.drained = true;
	};
	let by_hand = Config { manage_ready: false, ..config() };
	for found in [fault(&config(), withdrawn).await, fault(&by_hand, drained).await] {
		assert_eq!((found.0, found.1), ("ready", State::Broken));
		assert!(found.2.contains("miner ready on"));
	}
	assert_eq!(faults(&judged(&config(), drained).await), []);
}

#[tokio::test]
async fn judge_should_name_the_digest_when_an_offered_model_is_not_here() {
	let found = judged(&config(), |facts| facts.models[0].digest = H256::repeat_byte(9)).await;
	let broken: Vec<_> = found.iter().filter(|check| check.state == State::Broken).collect();
	assert!(matches!(&broken[..], [check] if check.name == "offers" && check.found.contains(&"09".repeat(32))));
	assert!(broken[0].mend.as_ref().unwrap().contains("miner withdraw --offer millrace-tiny"));
	assert!(found.iter().any(|check| check.name == "registry" && check.state == State::Warn));
}

#[tokio::test]
async fn judge_should_print_the_offer_to_sign_when_it_differs_on_chain() {
	let found = fault(&config(), |facts| facts.offers[0].rate = millrace_primitives::Rate::PerGpuSecond(1)).await;
	assert_eq!((found.0, found.1), ("offers", State::Warn));
	assert!(found.2.contains("--per-gpu-second 0.02 --slots 1"), "{}", found.2);
}

#[tokio::test]
async fn judge_should_refuse_more_slots_on_chain_than_here_when_they_are_offered() {
	let mut config = config();
	config.offers.clear();
	let found = fault(&config, |facts| facts.offers[0].slots = 2).await;
	assert_eq!((found.0, found.1), ("offers", State::Broken));
}

#[tokio::test]
async fn judge_should_see_a_node_that_is_behind_or_alone_when_it_says_so() {
	let found = faults(&judged(&config(), |facts| facts.health.syncing = true).await);
	assert_eq!((found[0].0, found[0].1), ("node", State::Broken));
	let found = fault(&config(), |facts| facts.health.peers = 0).await;
	assert_eq!((found.0, found.1), ("node", State::Broken));
	let alone = |facts: &mut Facts| {
		facts.health.peers = 0;
		facts.health.needs_peers = false;
	};
	assert_eq!(faults(&judged(&config(), alone).await), []);
}

#[tokio::test]
async fn judge_should_see_a_wrong_clock_when_the_block_is_far_from_it() {
	for (ahead, state) in [(-11, State::Warn), (11, State::Warn), (-61, State::Broken), (61, State::Broken)] {
		let found = fault(&config(), |facts| facts.ahead_secs = ahead).await;
		assert_eq!((found.0, found.1), ("clock", state), "{ahead}");
	}
}

#[tokio::test]
async fn judge_should_not_look_at_the_clock_when_there_is_no_block_yet() {
	let young = |facts: &mut Facts| {
		facts.best = 0;
		facts.ahead_secs = i64::MIN;
	};
	assert_eq!(fault(&config(), young).await.1, State::Skipped);
}

#[tokio::test]
async fn judge_should_suggest_the_genesis_when_it_is_not_pinned() {
	let found = fault(&Config { genesis: None, ..config() }, |_| {}).await;
	assert_eq!((found.0, found.1), ("genesis", State::Warn));
	assert!(found.2.contains(&"07".repeat(32)));
}

#[test]
fn report_should_be_unhealthy_when_one_check_is_broken() {
	let healthy = Report::new(vec![Check::ok("a", ""), Check::warn("b", "", ""), Check::skipped("c", "")]);
	assert!(healthy.healthy && healthy.text().contains("nothing is broken"));
	let broken = Report::new(vec![Check::broken("a", "one\ntwo", "mend")]);
	assert!(!broken.healthy && broken.text().contains("-> mend"), "{}", broken.text());
}

#[test]
fn other_chain_should_be_told_from_an_absent_node_when_neither_is_usable() {
	let (expected, found) = (H256::zero(), H256::repeat_byte(1));
	let checks = chain::unreachable(&Error::OtherChain { url: "ws://x".into(), expected, found });
	assert_eq!((checks[0].name, checks[0].state), ("genesis", State::Broken));
	let checks = chain::unreachable(&Error::Connection("x".into()));
	assert_eq!((checks[0].name, checks[0].state), ("node", State::Broken));
	assert!(checks[1..].iter().all(|check| check.state == State::Skipped));
}

#[test]
fn key_should_come_with_its_mending_when_it_can_not_be_used() {
	use std::{fs, os::unix::fs::PermissionsExt};
	let dir = tempfile::tempdir().unwrap();
	let path = dir.path().join("operator.key");
	let config = Config { operator_key_file: Some(path.clone()), ..Config::default() };
	let mend = || local::key(&config).1.mend.unwrap();
	assert!(mend().contains("millrace-miner init"));
	fs::write(&path, "correct horse").unwrap();
	fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
	assert!(mend().contains("chmod 600"));
	fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
	assert!(mend().contains("12 words"));
	fs::write(&path, "//Bob//operator\n").unwrap();
	assert_eq!(local::key(&config).1.state, State::Ok);
}

#[tokio::test]
async fn http_should_be_broken_when_another_program_has_the_address() {
	let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
	let config = Config { http_bind: Some(held.local_addr().unwrap()), ..Config::default() };
	drop(std::thread::spawn(move || held.accept().map(drop)));
	assert_eq!(local::http(&config, None).await.checks[0].state, State::Broken);
	let free = Config { http_bind: Some("127.0.0.1:0".parse().unwrap()), ..Config::default() };
	assert_eq!(local::http(&free, None).await.checks[0].state, State::Ok);
}

#[test]
fn work_dir_should_be_left_as_it_was_when_it_is_tried() {
	let dir = tempfile::tempdir().unwrap();
	let config = Config { work_dir: dir.path().join("new"), ..Config::default() };
	assert!(local::work_dir(&config).iter().all(|check| check.state == State::Ok));
	assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
	let full = Config { limits: crate::config::Limits { min_free_disk_mb: u64::MAX, ..config.limits }, ..config };
	assert_eq!(local::work_dir(&full)[0].state, State::Broken);
	let file = dir.path().join("file");
	std::fs::write(&file, "").unwrap();
	let config = Config { work_dir: file.join("below"), ..Config::default() };
	assert_eq!(local::work_dir(&config)[1].state, State::Broken);
}

#[test]
fn listening_should_be_broken_when_another_program_has_the_address_and_fine_when_it_is_this_miner() {
	let (tcp, udp) = ("127.0.0.1:0", "127.0.0.1:0");
	let (tcp, udp) = (std::net::TcpListener::bind(tcp).unwrap(), std::net::UdpSocket::bind(udp).unwrap());
	for address in [
		format!("/ip4/127.0.0.1/tcp/{}", tcp.local_addr().unwrap().port()),
		format!("/ip4/127.0.0.1/udp/{}/quic-v1", udp.local_addr().unwrap().port()),
	] {
		let mut config = Config::default();
		config.session.listen = vec![address.parse().unwrap()];
		let check = session::listening(&config, false).unwrap();
		assert_eq!(check.state, State::Broken);
		assert!(check.found.contains(&address) && check.mend.unwrap().contains("session.listen"));
		assert_eq!(session::listening(&config, true).unwrap().state, State::Ok);
	}
	let mut config = Config::default();
	assert!(session::listening(&config, false).is_none());
	config.session.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap(), "/ip6/::1/udp/0/quic-v1".parse().unwrap()];
	assert_eq!(session::listening(&config, false).unwrap().state, State::Ok);
}

fn endpoint(key: &Keypair, address: &str) -> Endpoint {
	Endpoint { peer: key.public().to_peer_id(), addresses: vec![address.parse().unwrap()], set_at: 1 }
}

#[tokio::test]
async fn endpoint_should_be_this_miners_when_it_serves_sessions() {
	let work = tempfile::tempdir().unwrap();
	let key = crate::session::identity::load(work.path()).unwrap();
	let mut config = Config { work_dir: work.path().into(), ..config() };
	config.session.listen = vec!["/ip4/0.0.0.0/tcp/9930".parse().unwrap()];
	config.session.public_addresses = vec!["/ip4/10.0.0.1/tcp/9930".parse().unwrap()];
	let with = |found: Option<Endpoint>| move |facts: &mut Facts| facts.endpoint = found;
	let own = endpoint(&key, "/ip4/10.0.0.1/tcp/9930");
	assert_eq!(faults(&judged(&config, with(Some(own.clone()))).await), []);
	let none = fault(&config, with(None)).await;
	assert_eq!((none.0, none.1), ("endpoint", State::Warn));
	let other = fault(&config, with(Some(endpoint(&Keypair::generate_ed25519(), "/ip4/10.0.0.1/tcp/9930")))).await;
	assert_eq!((other.0, other.1), ("endpoint", State::Broken));
	assert!(other.2.contains("session.key"), "{}", other.2);
	let elsewhere = fault(&config, with(Some(endpoint(&key, "/ip4/10.0.0.2/tcp/9930")))).await;
	assert_eq!((elsewhere.0, elsewhere.1), ("endpoint", State::Warn));
	config.session = Default::default();
	let left = fault(&config, with(Some(own))).await;
	assert_eq!((left.0, left.1), ("endpoint", State::Warn));
	assert_eq!(faults(&judged(&config, with(None)).await), []);
}
