//! The ready lists: the free slots of each model, found by their number in constant time.
//!
//! Each miner has one place, in the class of its free slots: class `c` holds 2^(c - 1) + 1 to 2^c of them. A draw picks
//! a number below the sum of places x 2^class. That names a place and one of 2^class slots there; one that the miner
//! does not have free is a miss. So each free slot is hit with the same chance, each number hits with a chance above
//! one half, and a miner only moves when its free slots cross a power of two.

use frame::prelude::*;
use millrace_primitives::ModelId;

use crate::*;

/// Classes of places: 0 to log2([`MAX_SLOTS`]).
const CLASSES: usize = MAX_SLOTS.ilog2() as usize + 1;

/// The size of a model's ready list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Ready {
	/// Free slots of all miners on it.
	pub slots: u64,
	/// Miners in each class.
	pub places: [u32; CLASSES],
}

/// Where a miner is on a model's ready list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Place {
	/// Its free slots, at least 1. They decide on the class.
	pub slots: u32,
	/// Its number within the class, from 0.
	pub index: u32,
}

/// A slot that a draw's number names. The miner at the place need not have so many free.
pub(crate) struct Named {
	pub class: u8,
	pub index: u32,
	pub slot: u64,
}

/// The class of a miner with `slots` free slots.
pub(crate) fn class_of(slots: u32) -> u8 {
	let bits = u32::BITS.saturating_sub(slots.saturating_sub(1).leading_zeros());
	u8::try_from(bits).unwrap_or(u8::MAX)
}

impl Ready {
	fn classes(&self) -> impl Iterator<Item = (u8, u32)> + '_ {
		(0u8..).zip(self.places.iter().copied())
	}

	/// Numbers that name a slot: 0 to this, exclusive.
	pub(crate) fn width(&self) -> u64 {
		self.classes().map(|(class, places)| u64::from(places) << class).fold(0, u64::saturating_add)
	}

	/// The slot of a number below [`Ready::width`].
	pub(crate) fn named(&self, number: u64) -> Option<Named> {
		let mut number = number;
		for (class, places) in self.classes() {
			let width = u64::from(places) << class;
			if number < width {
				let index = u32::try_from(number >> class).ok()?;
				return Some(Named { class, index, slot: number.checked_rem(1 << class)? });
			}
			number = number.saturating_sub(width);
		}
		None
	}

	/// Miners on the list.
	pub(crate) fn miners(&self) -> u32 {
		self.places.iter().copied().fold(0, u32::saturating_add)
	}

	/// Class and index of the `nth` miner.
	pub(crate) fn nth(&self, nth: u32) -> Option<(u8, u32)> {
		let mut nth = nth;
		for (class, places) in self.classes() {
			if nth < places {
				return Some((class, nth));
			}
			nth = nth.saturating_sub(places);
		}
		None
	}

	pub(crate) fn in_class(&mut self, class: u8) -> Option<&mut u32> {
		self.places.get_mut(usize::from(class))
	}
}

impl<T: Config> Pallet<T> {
	/// Puts the miner on the model's ready list with `slots` free slots, or takes it off when there are none.
	pub(crate) fn list(model: ModelId, owner: &T::AccountId, slots: u32) {
		let before = ReadyPlace::<T>::get(model, owner);
		let slots_before = before.as_ref().map_or(0, |place| place.slots);
		if slots == slots_before {
			return;
		}
		let mut ready = ReadyLists::<T>::get(model);
		ready.slots = ready.slots.saturating_sub(slots_before.into()).saturating_add(slots.into());
		let index = match before {
			Some(place) if slots > 0 && class_of(slots) == class_of(slots_before) => Some(place.index),
			Some(place) => {
				Self::leave_class(&mut ready, model, class_of(slots_before), place.index);
				None
			}
			None => None,
		};
		if slots == 0 {
			ReadyPlace::<T>::remove(model, owner);
		} else {
			let index = index.unwrap_or_else(|| Self::join_class(&mut ready, model, class_of(slots), owner));
			ReadyPlace::<T>::insert(model, owner, Place { slots, index });
		}
		if ready.slots == 0 {
			ReadyLists::<T>::remove(model);
		} else {
			ReadyLists::<T>::insert(model, ready);
		}
	}

	fn join_class(ready: &mut Ready, model: ModelId, class: u8, owner: &T::AccountId) -> u32 {
		let Some(places) = ready.in_class(class) else {
			defensive!("an offer has more slots than any may have");
			return 0;
		};
		let index = *places;
		*places = index.saturating_add(1);
		ReadyAt::<T>::insert((model, class, index), owner);
		index
	}

	/// The last place of the class moves into the gap.
	fn leave_class(ready: &mut Ready, model: ModelId, class: u8, index: u32) {
		let Some(places) = ready.in_class(class) else {
			defensive!("a place is in a class that is none");
			return;
		};
		let last = places.saturating_sub(1);
		*places = last;
		if let Some(moved) = ReadyAt::<T>::take((model, class, last)).filter(|_| index != last) {
			ReadyPlace::<T>::mutate(model, &moved, |place| {
				if let Some(place) = place {
					place.index = index;
				}
			});
			ReadyAt::<T>::insert((model, class, index), moved);
		}
	}
}
