//! The ready lists: the free slots of each model, found by their number in constant time.
//!
//! Each miner has one place, in the class of its free slots. The classes' widths are 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14,
//! 16, 20 and so on, and a miner is in the narrowest that its free slots fit in. A draw picks a number below the sum of
//! places x width. That names a place and one of as many slots there; one that the miner does not have free is a miss.
//! So each free slot is hit with the same chance, four numbers in five hit, and a miner only moves when its class
//! changes.

use frame::prelude::*;
use millrace_primitives::{traits::Relisted, ModelId};

use crate::*;

/// Classes: the widths up to 4, then four for each doubling, up to [`MAX_SLOTS`].
const CLASSES: usize = 4 * (MAX_SLOTS.ilog2() as usize - 1);

/// The size of a model's ready list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Ready {
	/// Free slots of all miners on it.
	pub slots: u64,
	/// Miners in each class.
	pub places: [u32; CLASSES],
}

impl Default for Ready {
	fn default() -> Self {
		Self { slots: 0, places: [0; CLASSES] }
	}
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

/// The narrowest class that `slots` free slots, at least 1, fit in.
pub(crate) fn class_of(slots: u32) -> u8 {
	let last = slots.saturating_sub(1);
	let doublings = last.checked_ilog2().unwrap_or(0).saturating_sub(2);
	// Below 4 this is the number itself; above, its two bits behind the first.
	let step = last >> doublings;
	u8::try_from(doublings.saturating_mul(4).saturating_add(step)).unwrap_or(u8::MAX)
}

/// The most free slots of a class.
fn width_of(class: u8) -> u64 {
	let doublings = (class / 4).saturating_sub(1);
	let step = class.saturating_sub(doublings.saturating_mul(4));
	u64::from(step).saturating_add(1) << doublings
}

impl Ready {
	fn classes(&self) -> impl Iterator<Item = (u8, u32)> + '_ {
		(0u8..).zip(self.places.iter().copied())
	}

	/// Numbers that name a slot: 0 to this, exclusive.
	pub(crate) fn width(&self) -> u64 {
		self.classes()
			.map(|(class, places)| u64::from(places).saturating_mul(width_of(class)))
			.fold(0, u64::saturating_add)
	}

	/// The slot of a number below [`Ready::width`].
	pub(crate) fn named(&self, number: u64) -> Option<Named> {
		let mut number = number;
		for (class, places) in self.classes() {
			let width = width_of(class);
			let index = number.checked_div(width)?;
			if index < places.into() {
				return Some(Named { class, index: u32::try_from(index).ok()?, slot: number.checked_rem(width)? });
			}
			number = number.saturating_sub(width.saturating_mul(places.into()));
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
	pub(crate) fn list(model: ModelId, owner: &T::AccountId, slots: u32) -> Relisted {
		let before = ReadyPlace::<T>::get(model, owner);
		let slots_before = before.as_ref().map_or(0, |place| place.slots);
		if slots == slots_before {
			return Relisted::InPlace;
		}
		let mut ready = ReadyLists::<T>::get(model);
		ready.slots = ready.slots.saturating_sub(slots_before.into()).saturating_add(slots.into());
		let stays = match before {
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
			let index = stays.unwrap_or_else(|| Self::join_class(&mut ready, model, class_of(slots), owner));
			ReadyPlace::<T>::insert(model, owner, Place { slots, index });
		}
		if ready.slots == 0 {
			ReadyLists::<T>::remove(model);
		} else {
			ReadyLists::<T>::insert(model, ready);
		}
		if stays.is_some() {
			Relisted::InPlace
		} else {
			Relisted::Moved
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

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn class_should_be_the_narrowest_that_fits() {
		for slots in 1..=MAX_SLOTS {
			let class = class_of(slots);
			assert!(usize::from(class) < CLASSES, "{slots} slots");
			assert!(width_of(class) >= slots.into(), "{slots} slots do not fit in class {class}");
			assert!(class == 0 || width_of(class - 1) < slots.into(), "{slots} slots fit in less than class {class}");
			assert!(u64::from(slots) * 5 > width_of(class) * 4, "too many misses at {slots} slots");
		}
	}
}
