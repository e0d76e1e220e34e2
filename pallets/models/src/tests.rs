use crate::{mock::*, Call, Error, Model, ModelByDigest, ModelName};
use frame::testing_prelude::*;
use millrace_primitives::traits::ModelRegistry;

fn register(who: u64, name: &[u8], digest: u8) -> DispatchResult {
	let name = ModelName::try_from(name.to_vec()).unwrap();
	Models::register(RuntimeOrigin::signed(who), name, H256::repeat_byte(digest), H256::zero(), 512, 8)
}

#[test]
fn register_should_hold_the_deposit_and_number_the_model() {
	run(|| {
		assert_ok!(register(1, b"tiny", 1));
		assert_ok!(register(1, b"small", 2));
		assert_eq!(Balances::free_balance(1), FUNDS - 2 * DEPOSIT);
		assert_eq!(ModelByDigest::<Test>::get(H256::repeat_byte(2)), Some(1));
		assert!(<Models as ModelRegistry>::active(1).is_some());
	});
}

#[test]
fn register_should_fail_when_the_digest_is_taken() {
	run(|| {
		assert_ok!(register(1, b"tiny", 1));
		assert_noop!(register(2, b"other", 1), Error::<Test>::DigestTaken);
	});
}

#[test]
fn register_should_fail_when_the_name_is_taken() {
	run(|| {
		assert_ok!(register(1, b"tiny", 1));
		assert_noop!(register(2, b"tiny", 2), Error::<Test>::NameTaken);
	});
}

#[test]
fn register_should_fail_when_the_name_is_no_text() {
	run(|| {
		for name in [&b""[..], b"  ", &[0xff, 0xfe]] {
			assert_noop!(register(1, name, 1), Error::<Test>::BadName);
		}
	});
}

#[test]
fn register_should_fail_when_the_context_length_makes_no_sense() {
	run(|| {
		let register = |context, template| {
			let name = ModelName::try_from(b"tiny".to_vec()).unwrap();
			Models::register(RuntimeOrigin::signed(1), name, H256::zero(), H256::zero(), context, template)
		};
		for (context, template) in [(0, 0), (8, 8), (MAX_CONTEXT + 1, 0)] {
			assert_noop!(register(context, template), Error::<Test>::BadContextLength);
		}
		assert_ok!(register(MAX_CONTEXT, 8));
	});
}

#[test]
fn register_should_fail_when_the_deposit_does_not_reach() {
	run(|| assert!(register(9, b"tiny", 1).is_err()));
}

#[test]
fn retire_should_give_the_deposit_back_and_take_no_more_jobs() {
	run(|| {
		assert_ok!(register(1, b"tiny", 1));
		assert_ok!(Models::retire(RuntimeOrigin::signed(1), 0));
		assert_eq!(Balances::free_balance(1), FUNDS);
		assert!(<Models as ModelRegistry>::active(0).is_none());
		assert!(<Models as ModelRegistry>::get(0).is_some());
	});
}

#[test]
fn retire_should_fail_when_by_somebody_else_or_repeated_or_unknown() {
	run(|| {
		assert_ok!(register(1, b"tiny", 1));
		assert_noop!(Models::retire(RuntimeOrigin::signed(2), 0), Error::<Test>::NotOwner);
		assert_noop!(Models::retire(RuntimeOrigin::signed(1), 5), Error::<Test>::UnknownModel);
		assert_ok!(Models::retire(RuntimeOrigin::signed(1), 0));
		assert_noop!(Models::retire(RuntimeOrigin::signed(1), 0), Error::<Test>::AlreadyRetired);
	});
}

#[test]
fn entry_should_have_no_call_that_alters_it() {
	use frame::traits::GetCallName;
	assert_eq!(Call::<Test>::get_call_names(), ["register", "retire"]);
}

#[test]
fn retire_should_change_nothing_of_the_entry_but_its_deposit_and_that_it_is_retired() {
	run(|| {
		assert_ok!(register(1, b"tiny", 1));
		let before = crate::Models::<Test>::get(0).unwrap();
		assert_ok!(Models::retire(RuntimeOrigin::signed(1), 0));
		let after = crate::Models::<Test>::get(0).unwrap();
		assert_eq!(after, Model { deposit: 0, retired: true, ..before });
	});
}

#[test]
fn name_and_digest_should_stay_taken_when_their_model_is_retired() {
	run(|| {
		assert_ok!(register(1, b"tiny", 1));
		assert_ok!(Models::retire(RuntimeOrigin::signed(1), 0));
		assert_noop!(register(1, b"tiny", 2), Error::<Test>::NameTaken);
		assert_noop!(register(1, b"other", 1), Error::<Test>::DigestTaken);
	});
}
