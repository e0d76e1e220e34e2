//! The list of parameters.

use alloc::{vec, vec::Vec};
use core::cmp::Ordering;
use frame::prelude::*;
use millrace_primitives::{Balance, BlockNumber};

use crate::{Config, Current};

/// Makes the set, the single parameter and a `Get` for each from one list.
macro_rules! parameters {
	($($(#[$docs:meta])* $name:ident, $field:ident: $type:ty;)*) => {
		/// A value of each parameter.
		#[derive(
			Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
		)]
		pub struct Parameters {
			$($(#[$docs])* pub $field: $type,)*
		}

		/// One parameter and a value of it.
		#[derive(
			Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
		)]
		pub enum Parameter {
			$($(#[$docs])* $name($type),)*
		}

		impl Parameters {
			/// Puts the value in place of the one that was there, which is returned.
			pub fn replace(&mut self, parameter: Parameter) -> Parameter {
				match parameter {
					$(Parameter::$name(value) => Parameter::$name(core::mem::replace(&mut self.$field, value)),)*
				}
			}

			/// How the value compares to the one here.
			pub fn order(&self, parameter: &Parameter) -> Ordering {
				match parameter {
					$(Parameter::$name(value) => value.cmp(&self.$field),)*
				}
			}

			/// The values one by one.
			pub fn each(&self) -> Vec<Parameter> {
				vec![$(Parameter::$name(self.$field),)*]
			}
		}

		$(
			$(#[$docs])*
			pub struct $name<T>(PhantomData<T>);

			impl<T: Config> Get<$type> for $name<T> {
				fn get() -> $type {
					Current::<T>::get().$field
				}
			}
		)*
	};
}

parameters! {
	/// Least `max_fee` of a job, in plancks.
	MinFee, min_fee: Balance;
	/// Plancks held for each job until it is pruned.
	DepositBase, deposit_base: Balance;
	/// Plancks held for each byte of input and each byte that the output may have.
	DepositPerByte, deposit_per_byte: Balance;
	/// Blocks that a job waits for a miner, each time that it is queued.
	QueueTimeout, queue_timeout: BlockNumber;
	/// Least blocks of an attempt that a client may ask for.
	MinTimeout, min_timeout: BlockNumber;
	/// Most blocks of an attempt that a client may ask for.
	MaxTimeout, max_timeout: BlockNumber;
	/// Blocks from a job's end until its bytes are pruned.
	RetentionPeriod, retention_period: BlockNumber;
	/// Least stake of a miner, in plancks.
	MinStake, min_stake: Balance;
	/// Plancks that must be bonded for each slot offered.
	StakePerSlot, stake_per_slot: Balance;
	/// Blocks from `unstake` until the stake can be withdrawn.
	UnbondingPeriod, unbonding_period: BlockNumber;
	/// Plancks held of a model's owner for its entry.
	ModelDeposit, model_deposit: Balance;
}
