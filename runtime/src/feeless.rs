//! Gives calls that pay no fee a place in the queue.
//!
//! A transaction's priority comes from what it pays, so a feeless one would wait behind every paying one: behind 3,400
//! transfers, six blocks. A miner that is late with its proof for that reason would be punished for somebody else's
//! traffic. Calls are feeless only for the one account that must make them, once, so they cannot crowd others out.

use alloc::vec::Vec;
use core::fmt;

use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::{dispatch::DispatchResult, pallet_prelude::TransactionSource, weights::Weight};
use pallet_skip_feeless_payment::Intermediate;
use scale_info::{StaticTypeInfo, TypeInfo};
use sp_runtime::{
	traits::{
		DispatchInfoOf, DispatchOriginOf, Dispatchable, Implication, PostDispatchInfoOf, TransactionExtension,
		TransactionExtensionMetadata, ValidateResult,
	},
	transaction_validity::{TransactionPriority, TransactionValidityError},
};

/// The priority of a feeless call: the highest, so that no tip buys a place before it.
pub const FEELESS_PRIORITY: TransactionPriority = TransactionPriority::MAX;

/// Wraps `SkipCheckIfFeeless` and gives [`FEELESS_PRIORITY`] to what it lets through for free.
///
/// Gives back the weight of what was skipped, and clients see the innermost extension only: name, type and metadata are
/// forwarded.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Eq, PartialEq)]
pub struct PrioritizeFeeless<S>(pub S);

impl<S: StaticTypeInfo> TypeInfo for PrioritizeFeeless<S> {
	type Identity = S;

	fn type_info() -> scale_info::Type {
		S::type_info()
	}
}

impl<S: fmt::Debug> fmt::Debug for PrioritizeFeeless<S> {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		self.0.fmt(f)
	}
}

impl<S> From<S> for PrioritizeFeeless<S> {
	fn from(inner: S) -> Self {
		Self(inner)
	}
}

impl<Call, S, Applied, Skipped> TransactionExtension<Call> for PrioritizeFeeless<S>
where
	Call: Dispatchable,
	S: TransactionExtension<Call, Val = Intermediate<Applied, Skipped>>,
{
	const IDENTIFIER: &'static str = S::IDENTIFIER;
	type Implicit = S::Implicit;
	type Val = S::Val;
	/// With the weight that is not used.
	type Pre = (S::Pre, Weight);

	fn implicit(&self) -> Result<Self::Implicit, TransactionValidityError> {
		self.0.implicit()
	}

	fn metadata() -> Vec<TransactionExtensionMetadata> {
		S::metadata()
	}

	fn weight(&self, call: &Call) -> Weight {
		self.0.weight(call)
	}

	fn validate(
		&self,
		origin: DispatchOriginOf<Call>,
		call: &Call,
		info: &DispatchInfoOf<Call>,
		len: usize,
		implicit: Self::Implicit,
		implication: &impl Implication,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, Call> {
		let (mut validity, val, origin) = self.0.validate(origin, call, info, len, implicit, implication, source)?;
		if matches!(val, Intermediate::Skip(_)) {
			validity.priority = FEELESS_PRIORITY;
		}
		Ok((validity, val, origin))
	}

	fn prepare(
		self,
		val: Self::Val,
		origin: &DispatchOriginOf<Call>,
		call: &Call,
		info: &DispatchInfoOf<Call>,
		len: usize,
	) -> Result<Self::Pre, TransactionValidityError> {
		let unused = match val {
			Intermediate::Skip(_) => self.0.weight(call),
			Intermediate::Apply(_) => Weight::zero(),
		};
		Ok((self.0.prepare(val, origin, call, info, len)?, unused))
	}

	fn post_dispatch_details(
		(pre, unused): Self::Pre,
		info: &DispatchInfoOf<Call>,
		post_info: &PostDispatchInfoOf<Call>,
		len: usize,
		result: &DispatchResult,
	) -> Result<Weight, TransactionValidityError> {
		Ok(S::post_dispatch_details(pre, info, post_info, len, result)?.saturating_add(unused))
	}
}

#[cfg(test)]
mod tests {
	use frame_support::dispatch::GetDispatchInfo;
	use sp_runtime::{
		impl_tx_ext_default,
		traits::TxBaseImplication,
		transaction_validity::{TransactionSource, ValidTransaction},
	};

	use super::*;
	use crate::{RuntimeCall, RuntimeOrigin};

	/// Lets every call through with priority 7, free or not.
	#[derive(Encode, Decode, DecodeWithMemTracking, TypeInfo, Clone, Debug, Eq, PartialEq)]
	struct Inner {
		free: bool,
	}

	impl TransactionExtension<RuntimeCall> for Inner {
		const IDENTIFIER: &'static str = "Inner";
		type Implicit = ();
		type Val = Intermediate<(), ()>;
		type Pre = ();

		fn validate(
			&self,
			origin: RuntimeOrigin,
			_: &RuntimeCall,
			_: &DispatchInfoOf<RuntimeCall>,
			_: usize,
			_: (),
			_: &impl Implication,
			_: TransactionSource,
		) -> ValidateResult<Self::Val, RuntimeCall> {
			let val = if self.free { Intermediate::Skip(()) } else { Intermediate::Apply(()) };
			Ok((ValidTransaction { priority: 7, ..Default::default() }, val, origin))
		}

		impl_tx_ext_default!(RuntimeCall; weight);

		fn prepare(
			self,
			_: Self::Val,
			_: &RuntimeOrigin,
			_: &RuntimeCall,
			_: &DispatchInfoOf<RuntimeCall>,
			_: usize,
		) -> Result<(), TransactionValidityError> {
			Ok(())
		}
	}

	fn priority(free: bool) -> TransactionPriority {
		let call = RuntimeCall::System(frame_system::Call::remark { remark: Vec::new() });
		let (validity, _, _) = PrioritizeFeeless(Inner { free })
			.validate(
				RuntimeOrigin::none(),
				&call,
				&call.get_dispatch_info(),
				0,
				(),
				&TxBaseImplication(()),
				TransactionSource::External,
			)
			.expect("the inner extension lets everything through");
		validity.priority
	}

	#[test]
	fn feeless_calls_should_go_first() {
		assert_eq!(priority(false), 7);
		assert_eq!(priority(true), FEELESS_PRIORITY);
	}

	#[test]
	fn wrapper_should_be_invisible() {
		let inner = Inner { free: true };
		assert_eq!(PrioritizeFeeless(inner.clone()).encode(), inner.encode());
		assert_eq!(<PrioritizeFeeless<Inner> as TransactionExtension<RuntimeCall>>::IDENTIFIER, "Inner");
		assert_eq!(scale_info::meta_type::<PrioritizeFeeless<Inner>>(), scale_info::meta_type::<Inner>());
	}
}
