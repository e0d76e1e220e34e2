//! Whom a reader of receipts trusts.

use codec::{Decode, Encode};
use millrace_primitives::{BlockNumber, H256};
use serde_json::{json, Value};
use sp_consensus_grandpa::{AuthorityId, AuthorityList, AuthorityWeight, SetId};

use super::TrustError;
use crate::BlockRef;

/// The version of the JSON form.
const VERSION: u64 = 1;

/// The validators of a chain at one moment, known to be the right ones: from the chain's specification, from a node of
/// one's own, or from somebody one trusts. All else follows from their signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
	/// Hash of the chain's block 0.
	pub genesis: H256,
	/// A final block after which these validators are in charge: block 0, or a later checkpoint.
	pub block: BlockRef,
	/// Which set they are; 0 at genesis.
	pub set_id: SetId,
	/// Their GRANDPA keys and weights.
	pub authorities: AuthorityList,
}

impl Trust {
	/// The validators of genesis, each of weight 1, as chains begin.
	pub fn at_genesis(genesis: H256, authorities: impl IntoIterator<Item = AuthorityId>) -> Self {
		let authorities = authorities.into_iter().map(|authority| (authority, 1)).collect();
		Self { genesis, block: BlockRef { number: 0, hash: genesis }, set_id: 0, authorities }
	}

	/// As JSON: `{"version", "genesis", "block": {"number", "hash"}, "set_id", "authorities": [{"key", "weight"}]}`.
	pub fn to_json(&self) -> Value {
		let hex = |hash: H256| format!("{hash:?}");
		let authority = |(key, weight): &(AuthorityId, AuthorityWeight)| json!({ "key": hex(H256::from_slice(key.as_ref())), "weight": weight });
		json!({
			"version": VERSION,
			"genesis": hex(self.genesis),
			"block": { "number": self.block.number, "hash": hex(self.block.hash) },
			"set_id": self.set_id,
			"authorities": self.authorities.iter().map(authority).collect::<Vec<_>>(),
		})
	}

	/// Reads the JSON form.
	///
	/// # Errors
	///
	/// [`TrustError`] names the key that is wrong.
	pub fn from_json(text: &str) -> Result<Self, TrustError> {
		let json: Value = serde_json::from_str(text).map_err(|error| TrustError::Json(error.to_string()))?;
		if json["version"].as_u64() != Some(VERSION) {
			return Err(TrustError::OtherVersion);
		}
		let hash = |value: &Value, name| value.as_str().and_then(parse_hash).ok_or(TrustError::Field(name));
		let number = json["block"]["number"].as_u64().and_then(|number| BlockNumber::try_from(number).ok());
		let mut authorities = AuthorityList::new();
		for authority in json["authorities"].as_array().ok_or(TrustError::Field("authorities"))? {
			let key = hash(&authority["key"], "authorities: key").map(authority_id)??;
			let weight = authority["weight"].as_u64().ok_or(TrustError::Field("authorities: weight"))?;
			authorities.push((key, weight));
		}
		Ok(Self {
			genesis: hash(&json["genesis"], "genesis")?,
			block: BlockRef {
				number: number.ok_or(TrustError::Field("block: number"))?,
				hash: hash(&json["block"]["hash"], "block: hash")?,
			},
			set_id: json["set_id"].as_u64().ok_or(TrustError::Field("set_id"))?,
			authorities,
		})
	}

	/// Reads a GRANDPA key of 0x and 64 hexadecimal digits.
	///
	/// # Errors
	///
	/// [`TrustError::Field`] when it is none.
	pub fn authority(text: &str) -> Result<AuthorityId, TrustError> {
		parse_hash(text).ok_or(TrustError::Field("authority")).map(authority_id)?
	}
}

/// 32 bytes, as 64 digits with or without 0x.
fn parse_hash(text: &str) -> Option<H256> {
	text.parse().ok()
}

fn authority_id(key: H256) -> Result<AuthorityId, TrustError> {
	AuthorityId::decode(&mut &key.encode()[..]).map_err(|_| TrustError::Field("authorities: key"))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn trust() -> Trust {
		let key = |byte| authority_id(H256::repeat_byte(byte)).expect("any 32 bytes");
		Trust {
			block: BlockRef { number: 7, hash: H256::repeat_byte(9) },
			set_id: 3,
			..Trust::at_genesis(H256::repeat_byte(1), [key(2), key(3)])
		}
	}

	#[test]
	fn trust_should_read_back_the_same_when_it_was_written() {
		assert_eq!(Trust::from_json(&trust().to_json().to_string()), Ok(trust()));
	}

	#[test]
	fn trust_should_name_the_key_when_it_is_missing_or_wrong() {
		for (pointer, name) in [
			("/genesis", "genesis"),
			("/block/number", "block: number"),
			("/block/hash", "block: hash"),
			("/set_id", "set_id"),
			("/authorities", "authorities"),
			("/authorities/1/key", "authorities: key"),
			("/authorities/0/weight", "authorities: weight"),
		] {
			let mut json = trust().to_json();
			*json.pointer_mut(pointer).expect("the key is there") = json!("x");
			assert_eq!(Trust::from_json(&json.to_string()), Err(TrustError::Field(name)));
		}
		let mut json = trust().to_json();
		json["version"] = json!(2);
		assert_eq!(Trust::from_json(&json.to_string()), Err(TrustError::OtherVersion));
		assert!(matches!(Trust::from_json("{"), Err(TrustError::Json(_))));
	}
}
