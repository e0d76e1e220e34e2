//! What changes in a chain's state when this runtime takes over from an older one.

use frame_support::parameter_types;
use pallet_jobs::Terms;

use crate::Runtime;

parameter_types! {
	/// What every job was submitted under before governance could change it: a minute in the queue, three hours of
	/// retention.
	pub const TermsOfVersion1: Terms = Terms { queue_timeout: 60, retention: 10_800 };
}

/// All migrations, run once each, in the first block of the new runtime.
pub type Migrations =
	(pallet_jobs::migrations::V1ToV2<Runtime, TermsOfVersion1>, pallet_models::migrations::V1ToV2<Runtime>);
