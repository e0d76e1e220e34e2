//! The answers to one request: as many at once as there are lanes for, the others after them in the same lanes.

use std::{
	collections::VecDeque,
	sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{stream, StreamExt};
use tokio::sync::{mpsc, OwnedSemaphorePermit};

use super::{answer::Pieces, lane::Held, Channels, PIECES};
use crate::{
	access::Caller,
	answer::{Delta, Deltas, NoAnswer, Order},
	store::Reservation,
};

/// An answer that is to be given.
pub(super) struct Item {
	/// What is asked.
	pub order: Order,
	/// Where it goes.
	pub pieces: Pieces,
	/// What it may still cost its key.
	reservation: Reservation,
	/// One of the slots.
	permit: OwnedSemaphorePermit,
}

/// The last that is said of an answer, and to whom.
pub(super) type Last = (Pieces, Result<Delta, NoAnswer>);

impl Item {
	/// Gives its slot and what it has reserved back, so that they are free for whoever asks again at this word.
	pub fn last(self, word: Result<Delta, NoAnswer>) -> Option<Last> {
		Some((self.into_order().1, word))
	}

	/// What is asked and where it goes, of an answer that somebody else is to give, who needs slot and money for it.
	pub fn into_order(self) -> (Order, Pieces) {
		let Self { order, pieces, reservation, permit } = self;
		drop((reservation, permit));
		(order, pieces)
	}
}

/// What became of an answer.
pub(super) enum Seen {
	/// It has ended. The lane that gave it, if it can be used for another one, and what is still to be said.
	Ended(Option<Held>, Option<Last>),
	/// Its miner had no slot for it; another lane of the group has it now.
	Left,
}

struct State {
	waiting: VecDeque<Item>,
	/// Lanes that take what waits.
	lanes: usize,
}

/// The answers to one request, and whose they are.
pub(super) struct Group {
	pub caller: Caller,
	state: Mutex<State>,
}

impl Group {
	/// Of these orders, for which money and slots are reserved; begins with one lane. Also returns where the answers come out,
	/// in the order of the orders.
	pub fn new(
		caller: Caller,
		orders: Vec<Order>,
		reservations: Vec<Reservation>,
		mut permits: OwnedSemaphorePermit,
	) -> Result<(Arc<Self>, Vec<Deltas>), NoAnswer> {
		let (mut waiting, mut all) = (VecDeque::new(), Vec::new());
		for (order, reservation) in orders.into_iter().zip(reservations) {
			let (pieces, receiver) = mpsc::channel(PIECES);
			let permit = permits.split(1).ok_or(NoAnswer::Busy)?;
			waiting.push_back(Item { order, pieces, reservation, permit });
			let deltas = stream::unfold(receiver, |mut from| async move { Some((from.recv().await?, from)) });
			all.push(deltas.boxed());
		}
		Ok((Arc::new(Self { caller, state: Mutex::new(State { waiting, lanes: 1 }) }), all))
	}

	fn state(&self) -> MutexGuard<'_, State> {
		self.state.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// Another lane takes what waits.
	fn join(&self) {
		let mut state = self.state();
		state.lanes = state.lanes.saturating_add(1);
	}

	/// The next answer; `None`: none waits, and the lane has left.
	fn next(&self) -> Option<Item> {
		let mut state = self.state();
		let item = state.waiting.pop_front();
		if item.is_none() {
			state.lanes = state.lanes.saturating_sub(1);
		}
		item
	}

	/// Leaves an answer to the other lanes, and the group. Where there are none, it comes back.
	pub fn leave(&self, item: Item) -> Option<Item> {
		let mut state = self.state();
		if state.lanes <= 1 {
			return Some(item);
		}
		state.lanes = state.lanes.saturating_sub(1);
		state.waiting.push_front(item);
		None
	}
}

impl Channels {
	/// Gives all answers of a group, the first of which `held` is for. Returns at once.
	pub(super) fn give(self: &Arc<Self>, group: &Arc<Group>, held: Held) {
		let more = group.state().waiting.len().saturating_sub(1);
		for _ in 0..more {
			let (channels, group) = (self.clone(), group.clone());
			tokio::spawn(async move {
				let Some(request) = group.state().waiting.front().map(|item| item.order.request.clone()) else {
					return;
				};
				match channels.hold(&request).await {
					Ok(Some(held)) => {
						group.join();
						channels.take_turns(&group, held).await;
					}
					Ok(None) => {}
					Err(error) => {
						tracing::info!(%error, event = %"no_channel", "no other channel for a request can be had")
					}
				}
			});
		}
		let (channels, group) = (self.clone(), group.clone());
		tokio::spawn(async move { channels.take_turns(&group, held).await });
	}

	/// Gives answers of a group, one after another, until none waits.
	async fn take_turns(&self, group: &Group, held: Held) {
		let (mut held, mut next) = (Some(held), group.next());
		while let Some(item) = next {
			// The others have failed, or the client has left.
			if item.pieces.is_closed() {
				self.never_begun();
				next = group.next();
				continue;
			}
			if held.is_none() {
				held = self.hold(&item.order.request).await.unwrap_or_default();
			}
			match self.see_through(group, item, held.take()).await {
				Seen::Ended(lane, last) => {
					next = group.next();
					// A client that asks again at once must find the lane free, or a channel is opened for it.
					held = lane.filter(|_| next.is_some());
					if let Some((pieces, word)) = last {
						let _ = pieces.send(word).await;
					}
				}
				Seen::Left => return,
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use tokio::sync::Semaphore;

	use super::*;
	use crate::answer::fake;

	fn group(count: u32) -> (Arc<Group>, Vec<Deltas>, Arc<Semaphore>) {
		let slots = Arc::new(Semaphore::new(8));
		let permits = slots.clone().try_acquire_many_owned(count).unwrap();
		let orders = Order { seed: Some(1), ..fake::order() }.copies(count);
		let reservations = (0..count).map(|_| Reservation::default()).collect();
		let (group, all) = Group::new(Caller::default(), orders, reservations, permits).unwrap();
		(group, all, slots)
	}

	#[tokio::test]
	async fn answers_should_be_taken_in_order_and_come_out_where_they_belong() {
		let (group, mut all, slots) = group(2);
		assert_eq!(slots.available_permits(), 6);
		for seed in [1, 2] {
			let item = group.next().unwrap();
			assert_eq!(item.order.seed, Some(seed));
			item.pieces.send(Ok(Delta::Piece(vec![u8::try_from(seed).unwrap()]))).await.unwrap();
		}
		assert!(group.next().is_none());
		assert_eq!(slots.available_permits(), 8);
		for (deltas, byte) in all.iter_mut().zip([1, 2]) {
			assert_eq!(deltas.next().await.unwrap().unwrap(), Delta::Piece(vec![byte]));
		}
	}

	#[test]
	fn answer_should_be_left_to_other_lanes_only_while_there_are_some() {
		let (group, _all, _slots) = group(2);
		group.join();
		let (first, second) = (group.next().unwrap(), group.next().unwrap());
		assert!(group.leave(second).is_none());
		assert_eq!(group.leave(first).unwrap().order.seed, Some(1), "the last lane has to see to it");
		assert_eq!(group.next().unwrap().order.seed, Some(2));
	}

	#[test]
	fn answer_should_not_be_left_to_a_lane_that_found_nothing_more_to_do() {
		let (group, _all, _slots) = group(1);
		group.join();
		let item = group.next().unwrap();
		assert!(group.next().is_none());
		assert!(group.leave(item).is_some());
	}

	#[test]
	fn answer_should_be_known_as_unwanted_when_nobody_waits_for_the_group() {
		let (group, all, _slots) = group(1);
		drop(all);
		assert!(group.next().unwrap().pieces.is_closed());
	}
}
