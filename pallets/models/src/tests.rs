use crate::{mock::*, Call, Error, Model, ModelByDigest, ModelName};
use frame::testing_prelude::*;
use millrace_primitives::{traits::ModelRegistry, ModelKind};

fn register(who: u64, name: &[u8], digest: u8) -> DispatchResult {
	let name = ModelName::try_from(name.to_vec()).unwrap();
	Models::register(RuntimeOrigin::signed(who), name, ModelKind::Text, H256::repeat_byte(digest), H256::zero(), 512, 8)
}

fn register_kind(kind: ModelKind, context: u32, template: u32) -> DispatchResult {
	let name = ModelName::try_from(kind.name().as_bytes().to_vec()).unwrap();
	let digest = H256::repeat_byte(kind as u8);
	Models::register(RuntimeOrigin::signed(1), name, kind, digest, H256::zero(), context, template)
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
		for kind in [ModelKind::Text, ModelKind::Embedding] {
			for (context, template) in [(0, 0), (8, 8), (MAX_CONTEXT + 1, 0)] {
				assert_noop!(register_kind(kind, context, template), Error::<Test>::BadContextLength);
			}
			assert_ok!(register_kind(kind, MAX_CONTEXT, 8));
		}
	});
}

#[test]
fn register_should_fail_when_a_kind_without_tokens_has_a_context() {
	run(|| {
		for kind in [ModelKind::Image, ModelKind::Bench, ModelKind::Task] {
			for (context, template) in [(1, 0), (512, 8), (0, 1)] {
				assert_noop!(register_kind(kind, context, template), Error::<Test>::BadContextLength);
			}
			assert_ok!(register_kind(kind, 0, 0));
		}
	});
}

#[test]
fn kind_should_be_known_to_the_other_pallets_when_a_model_is_registered() {
	run(|| {
		for (id, kind) in (0..).zip(ModelKind::ALL) {
			let context = if kind.has_tokens() { 512 } else { 0 };
			assert_ok!(register_kind(kind, context, 0));
			assert_eq!(<Models as ModelRegistry>::active(id).unwrap().kind, kind);
		}
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

/// As a chain of version 1 had it: entries without a kind.
fn downgrade() {
	use frame::deps::frame_support::storage::unhashed;
	for (id, model) in crate::Models::<Test>::iter().collect::<Vec<_>>() {
		let mut bytes = model.encode();
		assert_eq!(bytes.pop(), Some(0), "the kind is the last byte, and text is 0");
		unhashed::put_raw(&crate::Models::<Test>::hashed_key_for(id), &bytes);
	}
	StorageVersion::new(1).put::<Models>();
}

#[test]
fn migration_should_make_old_entries_text_models_and_change_nothing_else() {
	use crate::migrations::{GiveKinds, V1ToV2};
	use frame::deps::frame_support::traits::OnRuntimeUpgrade;
	run(|| {
		assert_ok!(register(1, b"tiny", 1));
		assert_ok!(register(2, b"small", 2));
		assert_ok!(Models::retire(RuntimeOrigin::signed(2), 1));
		let wanted: Vec<_> = crate::Models::<Test>::iter().collect();
		downgrade();
		assert_eq!(crate::Models::<Test>::get(0), None, "an entry of old can't be read as one of now");
		let before = GiveKinds::<Test>::before().unwrap();
		V1ToV2::<Test>::on_runtime_upgrade();
		GiveKinds::<Test>::after(before).unwrap();
		assert_eq!(crate::Models::<Test>::iter().collect::<Vec<_>>(), wanted);
		assert_eq!(StorageVersion::get::<Models>(), 2);
	});
}

#[test]
fn migration_should_leave_kinds_alone_when_it_was_done_before() {
	use frame::deps::frame_support::traits::OnRuntimeUpgrade;
	run(|| {
		assert_ok!(register_kind(ModelKind::Task, 0, 0));
		crate::migrations::V1ToV2::<Test>::on_runtime_upgrade();
		assert_eq!(crate::Models::<Test>::get(0).unwrap().kind, ModelKind::Task);
	});
}

#[test]
fn migration_should_be_refused_when_there_are_more_models_than_a_block_can_take() {
	use crate::migrations::{GiveKinds, MAX_MODELS};
	run(|| {
		crate::NextModelId::<Test>::put(MAX_MODELS);
		assert!(GiveKinds::<Test>::before().is_ok());
		crate::NextModelId::<Test>::put(MAX_MODELS + 1);
		assert!(GiveKinds::<Test>::before().is_err());
	});
}
