//! The text.

use serde_json::{json, Value};

use super::*;

fn changed(pointer: &str, value: Value) -> String {
	let mut json: Value = serde_json::from_str(&signed()).unwrap();
	*json.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
	json.to_string()
}

/// Signed by the right key, but saying something that contradicts itself.
fn resigned(change: impl FnOnce(&mut Value)) -> Result<Statement, JsonError> {
	let mut json: Value = serde_json::from_str(&signed()).unwrap();
	change(&mut json);
	verify(&json.to_string())
}

fn keys_are_sorted(value: &Value, text: &str) {
	let Value::Object(fields) = value else { return };
	let mut names: Vec<_> = fields.keys().collect();
	names.sort();
	let places: Vec<_> = names.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
	assert!(places.is_sorted(), "{names:?}");
	fields.values().for_each(|value| keys_are_sorted(value, text));
}

#[test]
fn text_should_be_canonical_when_it_is_written() {
	let text = signed();
	assert!(text.is_ascii() && !text.contains([' ', '\n', '\t']));
	keys_are_sorted(&serde_json::from_str(&text).unwrap(), &text);
}

#[test]
fn text_should_have_aitbcs_fields() {
	let json: Value = serde_json::from_str(&signed()).unwrap();
	let Statement { provider, receipt, .. } = statement();
	assert_eq!(json["version"], "1.0");
	assert_eq!(json["job_id"], "7");
	assert_eq!(json["provider"], provider.to_string());
	assert_eq!(json["client"], receipt.client.to_string());
	assert_eq!(json["unit_type"], "tokens");
	assert_eq!(json["units"], receipt.usage.input_tokens + receipt.usage.output_tokens);
	assert_eq!(json["price"].to_string(), receipt.fee.to_string());
	assert_eq!(json["model"], format!("sha256:{}", hex::encode(receipt.model_digest)));
	assert_eq!(
		(json["started_at"].as_u64(), json["completed_at"].as_u64()),
		(Some(1_790_000_001), Some(1_790_000_004))
	);
	assert_eq!(json["signature"]["alg"], "Ed25519");
	assert_eq!(json["signature"]["key_id"], signer().public().id());
}

#[test]
fn receipt_should_be_refused_when_any_bit_is_flipped() {
	let text = signed();
	for at in 0..text.len() {
		for bit in 0..8 {
			let mut bytes = text.clone().into_bytes();
			bytes[at] ^= 1 << bit;
			let read = SignedReceipt::from_bytes(&bytes);
			let valid = read.is_ok_and(|read| read.verify(&listed(signer().public(), 1, None)).is_ok());
			assert!(!valid, "byte {at}, bit {bit}: {}", String::from_utf8_lossy(&bytes));
		}
	}
}

#[test]
fn receipt_should_be_refused_when_it_is_cut_or_goes_on() {
	let text = signed();
	for length in 0..text.len() {
		assert!(matches!(verify(&text[..length]), Err(JsonError::NotAReceipt(_))), "{length}");
	}
	assert!(matches!(verify(&format!("{text}x")), Err(JsonError::NotAReceipt(_))));
}

#[test]
fn receipt_should_be_valid_when_its_text_was_laid_out_anew() {
	let json: Value = serde_json::from_str(&signed()).unwrap();
	assert_eq!(verify(&format!("\n{json:#}\n")), Ok(statement()));
	let Value::Object(fields) = json else { panic!("it is an object") };
	let backwards: Vec<_> = fields.iter().rev().map(|(name, value)| format!("\"{name}\": {value}")).collect();
	assert_eq!(verify(&format!("{{{}}}", backwards.join(", "))), Ok(statement()));
}

#[test]
fn receipt_should_be_refused_when_a_number_is_no_integer() {
	let text = signed();
	let price = format!("\"price\":{}", statement().receipt.fee);
	assert!(text.contains(&price));
	for other in
		[format!("{price}.0"), format!("{price}e0"), price.replace("price\":", "price\":-"), "\"price\":\"1\"".into()]
	{
		assert!(matches!(verify(&text.replace(&price, &other)), Err(JsonError::NotAReceipt(_))), "{other}");
	}
}

#[test]
fn price_should_be_exact_when_it_is_as_large_as_can_be() {
	let mut statement = statement();
	statement.receipt.fee = u128::MAX;
	let text = SignedReceipt::sign(&statement, &signer());
	assert!(text.contains("\"price\":340282366920938463463374607431768211455,"));
	assert_eq!(verify(&text), Ok(statement));
}

#[test]
fn receipt_should_be_refused_when_a_field_is_missing_unknown_null_or_doubled() {
	let text = signed();
	for other in [
		text.replace("\"units\":", "\"unit\":"),
		text.replacen('{', "{\"nonce\":\"1\",", 1),
		text.replacen('{', "{\"attestations\":[],", 1),
		text.replacen('{', "{\"version\":\"1.0\",", 1),
		changed("/client", Value::Null),
	] {
		assert!(matches!(verify(&other), Err(JsonError::NotAReceipt(_))), "{other}");
	}
}

#[test]
fn receipt_should_be_refused_when_it_is_not_signed_or_otherwise() {
	assert_eq!(verify(&changed("/signature", Value::Null)), Err(JsonError::NotSigned));
	assert_eq!(
		verify(&changed("/signature/alg", json!("secp256k1"))),
		Err(JsonError::OtherAlgorithm("secp256k1".into()))
	);
	assert_eq!(verify(&changed("/signature/sig", json!("AA"))), Err(JsonError::Field("signature.sig".into())));
	assert_eq!(verify(&changed("/version", json!("1.1"))), Err(JsonError::OtherVersion("1.1".into())));
}

#[test]
fn receipt_should_name_the_field_when_one_contradicts_the_rest() {
	for (pointer, value, name) in [
		("/units", json!(1), "units"),
		("/unit_type", json!("gpu_seconds"), "unit_type"),
		("/receipt_id", json!("x"), "receipt_id"),
		("/job_id", json!("07"), "job_id"),
		("/job_id", json!("seven"), "job_id"),
		("/provider", json!("x"), "provider"),
		("/client", json!("0x01"), "client"),
		("/model", json!("md5:00"), "model"),
		("/metadata/outcome", json!("done"), "metadata.outcome"),
		("/metadata/price_unit", json!("MILL"), "metadata"),
		("/completed_at", json!(1), "completed_at"),
		("/metadata/submitted_at", json!(ENDED + 1), "completed_at"),
	] {
		let refused = resigned(|json| *json.pointer_mut(pointer).unwrap() = value);
		assert_eq!(refused, Err(JsonError::Field(name.into())), "{pointer}");
	}
}

#[test]
fn receipt_should_say_the_outcome_when_the_job_failed() {
	let mut statement = statement();
	for outcome in [Outcome::Failed, Outcome::Expired, Outcome::Cancelled] {
		statement.receipt.outcome = outcome;
		assert_eq!(verify(&SignedReceipt::sign(&statement, &signer())), Ok(statement.clone()));
	}
}

#[test]
fn text_should_not_be_read_when_it_is_too_long() {
	let text = format!("{}{}", signed(), " ".repeat(MAX_JSON_BYTES));
	assert_eq!(verify(&text), Err(JsonError::TooLong(text.len())));
}

#[test]
fn file_should_be_json_when_it_begins_with_a_brace() {
	assert!(SignedReceipt::is_json(signed().as_bytes()));
	assert!(SignedReceipt::is_json(b" \n{"));
	assert!(!SignedReceipt::is_json(b"MILLRCPT"));
	assert!(!SignedReceipt::is_json(b""));
}
