//! The JSON that says whom a reader of receipts trusts.

use millrace_client::receipt::Trust;
use millrace_primitives::H256;

/// Whether `data` was such JSON.
pub fn check(data: &[u8]) -> bool {
	let Ok(text) = std::str::from_utf8(data) else { return false };
	if let Ok(key) = Trust::authority(text) {
		assert_eq!(Trust::authority(&format!("{:?}", H256::from_slice(key.as_ref()))), Ok(key));
	}
	let Ok(trust) = Trust::from_json(text) else { return false };
	assert_eq!(Trust::from_json(&trust.to_json().to_string()), Ok(trust));
	true
}
