//! Fields of events, by the names that the metadata gives them.

use millrace_primitives::{
	AccountId32, Attempt, Balance, BlockNumber, ChannelId, FailCode, JobId, ModelId, Rate, Usage, H256,
};
use subxt::ext::scale_decode::DecodeAsType;

use crate::wire::Shared;

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct JobOnly {
	pub(crate) job: JobId,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct ChannelOnly {
	pub(crate) channel: ChannelId,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct ChannelSettled {
	pub(crate) channel: ChannelId,
	pub(crate) paid: Balance,
	pub(crate) refund: Balance,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Submitted {
	pub(crate) client: Shared<AccountId32>,
	pub(crate) model: ModelId,
	pub(crate) max_fee: Balance,
	pub(crate) deposit: Balance,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Assigned {
	pub(crate) attempt: Attempt,
	pub(crate) owner: Shared<AccountId32>,
	pub(crate) operator: Shared<AccountId32>,
	pub(crate) rate: Shared<Rate>,
	pub(crate) deadline: BlockNumber,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Completed {
	pub(crate) attempt: Attempt,
	pub(crate) owner: Shared<AccountId32>,
	pub(crate) output_hash: Shared<H256>,
	pub(crate) transcript_root: Shared<H256>,
	pub(crate) usage: Shared<Usage>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Settled {
	pub(crate) owner: Shared<AccountId32>,
	pub(crate) fee: Balance,
	pub(crate) refund: Balance,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct AttemptFailed {
	pub(crate) attempt: Attempt,
	pub(crate) owner: Shared<AccountId32>,
	pub(crate) code: Shared<Option<FailCode>>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct ModelRegistered {
	pub(crate) model: ModelId,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct FeePaid {
	pub(crate) who: Shared<AccountId32>,
	pub(crate) actual_fee: Balance,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct Deposited {
	pub(crate) who: Shared<AccountId32>,
	pub(crate) amount: Balance,
}
