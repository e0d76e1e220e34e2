use frame::deps::frame_support::dispatch::CheckIfFeeless;

use super::*;
use crate::{Address, Endpoint, Endpoints, PeerId, ENDPOINT_INTERVAL, MAX_ADDRESSES};

type Addresses = BoundedVec<Address, ConstU32<MAX_ADDRESSES>>;

fn peer(byte: u8) -> PeerId {
	vec![byte; 38].try_into().unwrap()
}

fn at(byte: u8) -> Addresses {
	vec![vec![byte; 8].try_into().unwrap()].try_into().unwrap()
}

fn is_free(who: u64, peer_id: PeerId, addresses: Addresses) -> bool {
	RuntimeCall::Miners(crate::Call::set_endpoint { peer_id, addresses }).is_feeless(&owner(who))
}

#[test]
fn set_endpoint_should_store_it_for_the_owner_when_owner_or_operator_signs() {
	run(|| {
		registered(1);
		assert_ok!(Miners::set_endpoint(owner(operator(1)), peer(1), at(1)));
		let now = System::block_number();
		let endpoint = |byte| Endpoint { peer_id: peer(byte), addresses: at(byte), set_at: now };
		assert_eq!(Endpoints::<Test>::get(1), Some(endpoint(1)));
		System::assert_last_event(Event::EndpointSet { owner: 1 }.into());
		assert_ok!(Miners::set_endpoint(owner(1), peer(2), at(2)));
		assert_eq!(Endpoints::<Test>::get(1), Some(endpoint(2)));
		assert_eq!(Endpoints::<Test>::get(operator(1)), None);
	});
}

#[test]
fn set_endpoint_should_fail_when_the_caller_has_no_miner() {
	run(|| {
		assert_noop!(Miners::set_endpoint(owner(9), peer(1), at(1)), Error::<Test>::NotRegistered);
	});
}

#[test]
fn set_endpoint_should_fail_when_addresses_come_without_a_peer() {
	run(|| {
		registered(1);
		assert_noop!(Miners::set_endpoint(owner(1), PeerId::default(), at(1)), Error::<Test>::NoPeerId);
	});
}

#[test]
fn endpoint_should_be_gone_when_it_is_set_without_addresses() {
	run(|| {
		registered(1);
		assert_ok!(Miners::set_endpoint(owner(1), peer(1), at(1)));
		assert_ok!(Miners::set_endpoint(owner(1), peer(1), Addresses::default()));
		assert_eq!(Endpoints::<Test>::get(1), None);
	});
}

#[test]
fn endpoint_should_be_gone_when_its_miner_is() {
	run(|| {
		registered(1);
		assert_ok!(Miners::set_endpoint(owner(1), peer(1), at(1)));
		assert_ok!(Miners::deregister(owner(1)));
		System::set_block_number(System::block_number() + UNBONDING);
		assert_ok!(Miners::withdraw_unbonded(owner(1)));
		assert_eq!(Endpoints::<Test>::get(1), None);
	});
}

#[test]
fn set_endpoint_should_be_free_only_for_an_operator_that_says_something_new_once_in_an_interval() {
	run(|| {
		registered(1);
		let operator = operator(1);
		assert!(is_free(operator, peer(1), at(1)));
		assert!(!is_free(1, peer(1), at(1)));
		assert!(!is_free(operator, PeerId::default(), at(1)));
		assert!(!is_free(operator, peer(1), Addresses::default()));
		assert_ok!(Miners::set_endpoint(owner(operator), peer(1), at(1)));
		assert!(!is_free(operator, peer(1), at(2)));
		System::set_block_number(System::block_number() + ENDPOINT_INTERVAL);
		assert!(!is_free(operator, peer(1), at(1)));
		assert!(is_free(operator, peer(1), at(2)));
		assert!(is_free(operator, peer(2), at(1)));
	});
}
