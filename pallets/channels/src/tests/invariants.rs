//! Random calls over many blocks: no planck is lost or made, and no channel is left behind.

use super::*;
use frame::deps::frame_support::storage::with_storage_layer;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Action {
	Open { client: usize, deposit: Balance },
	TopUp { who: usize, channel: u64, amount: Balance },
	Close { who: usize, channel: u64, voucher: Option<(usize, Balance)> },
	Challenge { who: usize, channel: u64, voucher: (usize, Balance) },
	Report { channel: u64, signer: usize, same: bool },
	Stake { amount: Balance },
	Unstake { amount: Balance },
	Withdraw,
	Ready { ready: bool },
	Deregister,
	Blocks { count: u32 },
}

const WHO: [&str; 5] = ["alice", "bob", "miner", "operator", "session"];

fn action() -> impl Strategy<Value = Action> {
	let (who, channel, amount) = (0..WHO.len(), 0..6u64, 0..30 * MILL);
	let voucher = (0..WHO.len(), 0..20 * MILL).prop_map(|(signer, fee)| (if signer < 4 { 4 } else { signer }, fee));
	prop_oneof![
		4 => (0..3usize, 0..20 * MILL).prop_map(|(client, deposit)| Action::Open { client, deposit }),
		2 => (who.clone(), channel.clone(), amount.clone())
			.prop_map(|(who, channel, amount)| Action::TopUp { who, channel, amount }),
		4 => (who.clone(), channel.clone(), prop::option::of(voucher.clone()))
			.prop_map(|(who, channel, voucher)| Action::Close { who, channel, voucher }),
		2 => (who, channel.clone(), voucher)
			.prop_map(|(who, channel, voucher)| Action::Challenge { who, channel, voucher }),
		2 => (channel, 2..5usize, any::<bool>())
			.prop_map(|(channel, signer, same)| Action::Report { channel, signer, same }),
		1 => amount.clone().prop_map(|amount| Action::Stake { amount }),
		1 => amount.prop_map(|amount| Action::Unstake { amount }),
		1 => Just(Action::Withdraw),
		1 => any::<bool>().prop_map(|ready| Action::Ready { ready }),
		1 => Just(Action::Deregister),
		4 => (1..40u32).prop_map(|count| Action::Blocks { count }),
	]
}

fn apply(action: Action) -> DispatchResult {
	let plain = |result: DispatchResultWithPostInfo| result.map(|_| ()).map_err(|error| error.error);
	let shown = |channel, (signer, fee): (usize, Balance)| voucher_by(WHO[signer], channel, fee);
	match action {
		Action::Open { client, deposit } => {
			Channels::open(signed(WHO[client]), account("miner"), MODEL, account("session"), deposit, None)
		}
		Action::TopUp { who, channel, amount } => Channels::top_up(signed(WHO[who]), channel, amount),
		Action::Close { who, channel, voucher } => {
			Channels::close(signed(WHO[who]), channel, voucher.map(|voucher| shown(channel, voucher)))
		}
		Action::Challenge { who, channel, voucher } => {
			Channels::challenge(signed(WHO[who]), channel, shown(channel, voucher))
		}
		Action::Report { channel, signer, same } => {
			let first = sign(WHO[signer], checkpoint(channel, b"42"));
			let second = sign(WHO[signer], checkpoint(channel, if same { b"42" } else { b"43" }));
			plain(Channels::report_equivocation(signed("bob"), channel, Box::new(first), Box::new(second)))
		}
		Action::Stake { amount } => Miners::stake(signed("miner"), amount),
		Action::Unstake { amount } => Miners::unstake(signed("miner"), amount),
		Action::Withdraw => Miners::withdraw_unbonded(signed("miner")),
		Action::Ready { ready } => plain(Miners::set_ready(signed("miner"), ready)),
		Action::Deregister => plain(Miners::deregister(signed("miner"))),
		Action::Blocks { count } => {
			next_blocks(count);
			Ok(())
		}
	}
}

/// Plancks that slashes have burned so far.
fn burned() -> Balance {
	let slashed = System::events().into_iter().filter_map(|record| match record.event {
		RuntimeEvent::Miners(pallet_miners::Event::Slashed { burned, .. }) => Some(burned),
		_ => None,
	});
	slashed.sum()
}

proptest! {
	#[test]
	fn money_should_be_conserved_when_calls_come_in_any_order(actions in prop::collection::vec(action(), 1..60)) {
		run(|| {
			let issuance = Balances::total_issuance();
			let mut gone = 0;
			for action in actions {
				// As in a call: an error leaves nothing behind.
				let _ = with_storage_layer(|| apply(action));
				gone += burned();
				System::reset_events();
				check();
				assert_eq!(Balances::total_issuance() + gone, issuance);
			}
			// Whatever happened, everything ends by itself.
			next_blocks(LIFETIME + CHALLENGE + DISPUTE + 10);
			assert_eq!(crate::Channels::<Test>::iter().count(), 0);
			for name in WHO {
				assert_eq!(held(name), 0);
			}
		});
	}
}
