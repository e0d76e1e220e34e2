use super::*;

#[test]
fn channel_should_close_by_itself_when_its_time_is_over() {
	run(|| {
		let id = open();
		next_blocks(LIFETIME - 1);
		assert_eq!(state(id), ChannelState::Open);
		next_blocks(1);
		assert_eq!(state(id), ChannelState::Closing { best: None });
		assert_ok!(Channels::close(signed("operator"), id, Some(voucher(id, MILL))));
		assert_eq!(free("miner"), FUNDS - STAKE + MILL);
	});
}

#[test]
fn channel_should_give_all_back_when_nobody_ever_does_anything() {
	run(|| {
		let id = open();
		next_blocks(LIFETIME + CHALLENGE);
		assert_eq!(state(id), ChannelState::Settled { paid: 0 });
		assert_eq!(free("alice"), FUNDS - STORAGE);
	});
}

#[test]
fn channel_should_be_forgotten_with_its_storage_deposit_given_back_after_the_dispute_window() {
	run(|| {
		let id = open();
		assert_ok!(Channels::close(signed("miner"), id, None));
		next_blocks(DISPUTE - 1);
		assert!(crate::Channels::<Test>::contains_key(id));
		next_blocks(1);
		assert!(!crate::Channels::<Test>::contains_key(id));
		assert_eq!(free("alice"), FUNDS);
		assert_eq!(held("alice"), 0);
		System::assert_last_event(Event::Forgotten { channel: id }.into());
		// The record stays.
		assert!(pallet_receipts::ChannelReceipts::<Test>::contains_key(id));
	});
}

#[test]
fn agenda_should_carry_over_when_more_is_due_than_a_block_takes() {
	run(|| {
		let channels: Vec<_> = (0..30)
			.map(|_| {
				let id = crate::NextChannelId::<Test>::get();
				let session = account("session");
				assert_ok!(Channels::open(signed("alice"), account("miner"), MODEL, session, MILL, None));
				id
			})
			.collect();
		next_blocks(LIFETIME);
		let closing = || channels.iter().filter(|id| state(**id) != ChannelState::Open).count();
		let first = closing();
		assert!((1..30).contains(&first), "{first} channels in a block of {AGENDA_WEIGHT}");
		check();
		next_blocks(4);
		assert_eq!(closing(), 30);
		assert!(Channels::work_agenda().all_lte(Weight::from_parts(AGENDA_WEIGHT, 0)));
	});
}
