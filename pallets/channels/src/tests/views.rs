use super::*;
use millrace_primitives::query::MAX_PAGE;

#[test]
fn channels_of_should_show_client_and_miner_the_same() {
	run(|| {
		let id = open();
		for name in ["alice", "miner"] {
			let page = Channels::channels_of(account(name), None);
			assert_eq!(page.items.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [id]);
			assert_eq!(page.next, None);
		}
		assert!(Channels::channels_of(account("bob"), None).items.is_empty());
		assert_eq!(Channels::channel(id).unwrap().client, account("alice"));
	});
}

#[test]
fn channels_of_should_go_on_where_the_last_page_ended() {
	run(|| {
		let count = MAX_PAGE + 5;
		for _ in 0..count {
			let session = account("session");
			assert_ok!(Channels::open(signed("alice"), account("miner"), MODEL, session, MILLI_MILL, None));
		}
		let first = Channels::channels_of(account("alice"), None);
		let second = Channels::channels_of(account("alice"), first.next);
		let mut seen: Vec<_> = first.items.iter().chain(&second.items).map(|(id, _)| *id).collect();
		seen.sort_unstable();
		assert_eq!(seen, (0..u64::from(count)).collect::<Vec<_>>());
		assert_eq!(second.next, None);
	});
}

#[test]
fn escrow_should_show_the_clients_money_and_not_the_miners() {
	run(|| {
		open();
		let account_of = |name: &str| Escrow::account(account(name), None);
		assert_eq!(account_of("alice").held, DEPOSIT + STORAGE);
		assert_eq!(account_of("alice").rows.items.len(), 1);
		assert_eq!(account_of("miner").rows.items.len(), 0);
	});
}
