//! The calls of streaming channels, from the opening to a miner's fraud.

use millrace_client::{channel, endpoint, session::network::PeerId, Call, Signer};
use millrace_primitives::{
	ChannelId, Checkpoint, CheckpointPayload, RunningTotal, Usage, Voucher, VoucherPayload, H256, MILL,
};

use crate::calls::{name, Callers, ACCOUNTS, RATE};

/// Of each channel.
const DEPOSIT: u128 = 10 * MILL;

fn signer(role: &str, index: usize) -> Signer {
	Signer::from_uri(&format!("//bench//{}", name(role, index))).expect("a path is a secret")
}

/// The first checkpoint of a channel's first answer.
fn checkpoint(genesis: H256, id: ChannelId, operator: &Signer, output: u8) -> Checkpoint {
	let usage = Usage { input_tokens: 10, output_tokens: 32, gpu_ms: 500 };
	let payload = CheckpointPayload {
		genesis,
		channel: id,
		seq: 1,
		index: 0,
		request: H256::repeat_byte(7),
		output_hash: H256::repeat_byte(output),
		transcript_root: H256::repeat_byte(9),
		usage,
		total: RunningTotal::default().with(&RATE, &usage).expect("it is small"),
		last: false,
	};
	let signature = operator.sign(&payload.signing_hash()).into();
	Checkpoint { payload, signature }
}

fn voucher(checkpoint: &Checkpoint, client: &Signer) -> Voucher {
	let CheckpointPayload { genesis, channel, total, .. } = checkpoint.payload;
	let hash = H256(checkpoint.payload.signing_hash());
	let payload = VoucherPayload { genesis, channel, total, checkpoint: hash };
	Voucher { total, checkpoint: hash, signature: client.sign(&payload.signing_hash()).into() }
}

/// Each client has two channels with the miner of its number: one that it closes itself, and one that the miner closes.
/// `owners`: the miners' owners, whose operators are `operators` and of whom each has an offer of model 0.
pub async fn measure(clients: &mut Callers<'_>, owners: &mut Callers<'_>, mut operators: Callers<'_>) {
	let genesis = clients.chain.client.genesis_hash();
	let roles = (clients.role.clone(), operators.role.clone());
	let says: Vec<Call> = (0..ACCOUNTS)
		.map(|_| {
			let address = "/ip4/192.0.2.1/tcp/9930".parse().expect("it is an address");
			endpoint::set_endpoint(PeerId::random(), &[address])
		})
		.collect();
	owners.measure("set_endpoint", &says).await;
	let opens: Vec<Call> = clients
		.accounts
		.iter()
		.zip(&owners.accounts)
		.map(|(client, owner)| channel::open(owner.clone(), 0, client.clone(), DEPOSIT, Some(RATE)))
		.collect();
	clients.measure("channel open", &opens).await;
	clients.send(&opens).await;
	let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
	for account in &clients.accounts {
		let of_one = clients.chain.client.channels_of(account).await.expect("it answers");
		let [first, second] = &of_one[..] else { panic!("each client has opened two") };
		firsts.push(first.id);
		seconds.push(second.id);
	}
	let of = |ids: &[ChannelId], call: fn(ChannelId) -> Call| ids.iter().map(|id| call(*id)).collect::<Vec<_>>();
	clients.measure("channel top_up", &of(&firsts, |id| channel::top_up(id, MILL))).await;
	let paid = |(index, id): (usize, &ChannelId)| {
		let checkpoint = checkpoint(genesis, *id, &signer(&roles.1, index), 1);
		(*id, voucher(&checkpoint, &signer(&roles.0, index)))
	};
	clients.measure("channel close, by its client", &of(&firsts, |id| channel::close(id, None))).await;
	let better: Vec<_> = firsts.iter().enumerate().map(paid).collect();
	let challenges: Vec<_> = better.into_iter().map(|(id, voucher)| channel::challenge(id, voucher)).collect();
	clients.measure("channel challenge", &challenges).await;
	let best: Vec<_> = seconds.iter().enumerate().map(paid).collect();
	let closes: Vec<_> = best.into_iter().map(|(id, voucher)| channel::close(id, Some(voucher))).collect();
	operators.measure("channel close, by its miner", &closes).await;
	let frauds: Vec<_> = firsts
		.iter()
		.enumerate()
		.map(|(index, id)| {
			let operator = signer(&roles.1, index);
			let [one, other] = [1, 2].map(|output| checkpoint(genesis, *id, &operator, output));
			channel::report_equivocation(*id, one, other)
		})
		.collect();
	clients.measure("channel report_equivocation", &frauds).await;
}
