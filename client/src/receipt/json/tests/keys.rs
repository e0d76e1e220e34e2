//! Which keys count.

use sp_core::{ed25519, Pair};

use super::*;
use crate::vectors;

fn verify_by(trusted: &TrustedKeys) -> Result<Statement, JsonError> {
	SignedReceipt::from_bytes(signed().as_bytes())?.verify(trusted).cloned()
}

#[test]
fn receipt_should_be_valid_when_its_key_held_as_the_job_ended() {
	let key = signer().public();
	for (from, until) in [(1, None), (ENDED, None), (1, Some(ENDED + 1))] {
		assert_eq!(verify_by(&listed(key, from, until)), Ok(statement()));
	}
}

#[test]
fn receipt_should_be_refused_when_its_key_held_later_or_earlier() {
	let key = signer().public();
	for (from, until) in [(ENDED + 1, None), (1, Some(ENDED)), (ENDED, Some(ENDED))] {
		let expected = JsonError::KeyNotInForce { key_id: key.id(), block: ENDED };
		assert_eq!(verify_by(&listed(key, from, until)), Err(expected));
	}
}

#[test]
fn receipt_should_stay_valid_when_the_key_was_changed() {
	let TrustedKeys::Listed { genesis, owner, mut keys } = listed(signer().public(), 1, Some(ENDED + 5)) else {
		unreachable!()
	};
	keys.push(ReceiptKey { key: other().public(), from: ENDED + 5, until: None, deposit: 5 });
	assert_eq!(verify_by(&TrustedKeys::Listed { genesis, owner, keys }), Ok(statement()));
}

#[test]
fn receipt_should_be_valid_when_the_reader_names_its_key() {
	assert_eq!(verify_by(&TrustedKeys::Given(signer().public())), Ok(statement()));
	assert_eq!(verify_by(&TrustedKeys::Given(other().public())), Err(JsonError::UnknownKey(signer().public().id())));
}

#[test]
fn receipt_should_be_refused_when_it_is_signed_by_a_key_that_only_it_names() {
	let forged = SignedReceipt::sign(&statement(), &other());
	assert_eq!(verify(&forged), Err(JsonError::UnknownKey(other().public().id())));
}

#[test]
fn receipt_should_be_refused_when_another_key_signed_in_the_name_of_the_listed_one() {
	let forged = SignedReceipt::sign(&statement(), &other()).replace(&other().public().id(), &signer().public().id());
	assert_eq!(verify(&forged), Err(JsonError::BadSignature));
}

#[test]
fn receipt_should_be_refused_when_it_carries_a_key() {
	let key = format!("{{\"public_key\":\"{}\",\"alg\"", other().public());
	let forged = SignedReceipt::sign(&statement(), &other()).replace("{\"alg\"", &key);
	assert!(matches!(verify(&forged), Err(JsonError::NotAReceipt(_))));
}

#[test]
fn receipt_should_be_refused_when_the_keys_are_of_another_chain_or_miner() {
	let TrustedKeys::Listed { genesis, owner, keys } = listed(signer().public(), 1, None) else { unreachable!() };
	let trusted = H256::repeat_byte(9);
	let elsewhere = TrustedKeys::Listed { genesis: trusted, owner: owner.clone(), keys: keys.clone() };
	assert_eq!(verify_by(&elsewhere), Err(JsonError::OtherChain { found: genesis, trusted }));
	let trusted = AccountId32::new([9; 32]);
	let another = TrustedKeys::Listed { genesis, owner: trusted.clone(), keys };
	assert_eq!(verify_by(&another), Err(JsonError::OtherMiner { found: owner, trusted }));
}

#[test]
fn signer_should_be_the_same_when_its_secret_is_read_back() {
	let (made, secret) = ReceiptSigner::generate();
	let read = ReceiptSigner::from_secret(&format!("{secret}\n")).unwrap();
	assert_eq!(read.public(), made.public());
	assert_ne!(ReceiptSigner::generate().0.public(), made.public());
	assert_eq!(made.public().to_string().parse::<ReceiptPublic>().unwrap(), made.public());
}

#[test]
fn signer_should_not_repeat_the_secret_when_it_is_bad_or_printed() {
	let error = ReceiptSigner::from_secret("0xsecret").unwrap_err();
	assert!(!error.to_string().contains("secret 0x") && !error.to_string().contains("0xsecret"));
	assert_eq!(format!("{:?}", signer()), format!("ReceiptSigner({:?})", signer().public()));
}

#[test]
fn possession_should_be_signed_over_the_golden_bytes() {
	for (genesis, owner, key, bytes) in vectors::receipt_keys() {
		let owner = AccountId32::new(owner.0);
		let public = ed25519::Public::from_raw(signer().public().0);
		// The golden bytes end with another key.
		let ours = [&bytes[..bytes.len() - 32], &public.0].concat();
		assert!(bytes.ends_with(&key.0));
		let signature = ed25519::Signature::from_raw(signer().possession(genesis, &owner));
		assert!(ed25519::Pair::verify(&signature, ours, &public));
		assert!(!ed25519::Pair::verify(&signature, bytes, &public));
	}
}
