//! A configuration that changes while the miner streams.

use millrace_client::session::{
	wire::{RefusalCode, ToClient},
	Payer,
};
use millrace_primitives::MILL;
use millrace_tests::{miner::Engine, tiny_model, World};

use super::sessions::{open, request, Raw};

/// The configuration with so many streams, and seconds for a voucher.
fn config(streams: u32, voucher_secs: u32) -> String {
	let model = tiny_model().canonicalize().unwrap();
	format!(
		"[session]\nlisten = [\"/ip4/127.0.0.1/tcp/0\"]\nstreams = {streams}\nvoucher_secs = {voucher_secs}\n\
		 [[engine]]\nkind = \"llama\"\nthreads = 1\nmodels = [\"{}\"]\n",
		model.display()
	)
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_the_time_for_a_voucher_should_change_when_the_configuration_is_read_anew() {
	let world = World::with_offer(1).await;
	let file = world.work.path().join("miner.toml");
	std::fs::write(&file, config(1, 600)).unwrap();
	let miner = world.miner_with(&Engine::File(file.clone()), &[]);
	miner.wait_for("endpoint");
	let mut clients = Vec::new();
	for _ in 0..2 {
		let (channel, payer) = (open(&world, MILL).await, Payer::default());
		let (raw, _, terms) = Raw::connect(&world, channel, &payer).await;
		clients.push((raw, payer, terms));
	}
	let [first, second] = clients.as_mut_slice() else { unreachable!("they are two") };
	// Its first checkpoint is not paid, so that it keeps the only stream.
	first.0.talk.say(&request(&mut first.1, &first.2)).await.unwrap();
	first.0.checkpoint(&mut Vec::new()).await;
	second.0.talk.say(&request(&mut second.1, &second.2)).await.unwrap();
	let refused = second.0.pieces(&mut Vec::new()).await;
	assert!(matches!(refused, ToClient::Refused { code: RefusalCode::NoSlot, .. }), "{refused:?}");

	std::fs::write(&file, config(2, 1)).unwrap();
	miner.process().signal("HUP");
	let line = miner.wait_for("reloaded");
	assert!(line.contains("session.streams") && line.contains("session.voucher_secs"), "{line}");
	second.0.talk.say(&request(&mut second.1, &second.2)).await.unwrap();
	second.0.checkpoint(&mut Vec::new()).await;
	let late = second.0.pieces(&mut Vec::new()).await;
	assert!(matches!(late, ToClient::Refused { code: RefusalCode::Late, .. }), "{late:?}");
}
