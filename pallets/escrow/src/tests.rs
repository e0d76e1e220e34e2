use crate::{mock::*, Error};
use frame::testing_prelude::*;
use millrace_primitives::{query::MAX_PAGE, traits::Escrow as EscrowTrait, MILL, MILLI_MILL};
use proptest::prelude::*;

fn open(job: u64) {
	assert_ok!(<Escrow as EscrowTrait<u64>>::open(job, &PAYER, MILL, MILLI_MILL));
}

fn pay(job: u64, amount: u128) -> DispatchResult {
	<Escrow as EscrowTrait<u64>>::pay(job, &PAYEE, amount)
}

fn refund(job: u64) -> DispatchResult {
	<Escrow as EscrowTrait<u64>>::refund(job)
}

fn close(job: u64) -> DispatchResult {
	<Escrow as EscrowTrait<u64>>::close(job)
}

#[test]
fn pay_should_move_the_amount_and_free_the_rest() {
	run(|| {
		open(0);
		assert_ok!(pay(0, 300));
		assert_eq!(Balances::free_balance(PAYEE), FUNDS + 300);
		assert_eq!(Balances::free_balance(PAYER), FUNDS - 300 - MILLI_MILL);
		assert_ok!(close(0));
		assert_eq!(Balances::free_balance(PAYER), FUNDS - 300);
	});
}

#[test]
fn top_up_should_raise_what_can_be_paid() {
	run(|| {
		open(0);
		assert_ok!(<Escrow as EscrowTrait<u64>>::top_up(0, MILL));
		assert_eq!(Balances::free_balance(PAYER), FUNDS - 2 * MILL - MILLI_MILL);
		assert_ok!(pay(0, 2 * MILL));
		assert_eq!(Balances::free_balance(PAYEE), FUNDS + 2 * MILL);
	});
}

#[test]
fn top_up_should_fail_when_there_is_no_row_or_it_is_settled() {
	run(|| {
		let top_up = || <Escrow as EscrowTrait<u64>>::top_up(0, 1);
		assert_noop!(top_up(), Error::<Test>::UnknownRow);
		open(0);
		assert_ok!(refund(0));
		assert_noop!(top_up(), Error::<Test>::AlreadySettled);
	});
}

#[test]
fn top_up_should_fail_when_the_payer_has_not_so_much_or_the_sum_does_not_fit() {
	run(|| {
		open(0);
		assert_noop!(<Escrow as EscrowTrait<u64>>::top_up(0, FUNDS), Error::<Test>::InsufficientBalance);
		assert_noop!(<Escrow as EscrowTrait<u64>>::top_up(0, u128::MAX), Error::<Test>::Overflow);
	});
}

#[test]
fn pay_should_fail_when_above_the_fee() {
	run(|| {
		open(0);
		assert_noop!(pay(0, MILL + 1), Error::<Test>::AboveFee);
		assert_ok!(pay(0, MILL));
	});
}

#[test]
fn pay_should_move_nothing_when_the_amount_is_zero() {
	run(|| {
		open(0);
		assert_ok!(pay(0, 0));
		assert_eq!(Balances::free_balance(PAYEE), FUNDS);
	});
}

#[test]
fn settling_should_fail_when_repeated_in_any_order() {
	run(|| {
		open(0);
		assert_ok!(pay(0, 1));
		assert_noop!(pay(0, 1), Error::<Test>::AlreadySettled);
		assert_noop!(refund(0), Error::<Test>::AlreadySettled);
		open(1);
		assert_ok!(refund(1));
		assert_noop!(refund(1), Error::<Test>::AlreadySettled);
		assert_noop!(pay(1, 1), Error::<Test>::AlreadySettled);
	});
}

#[test]
fn close_should_fail_when_the_fee_is_held_or_the_row_gone() {
	run(|| {
		open(0);
		assert_noop!(close(0), Error::<Test>::NotSettled);
		assert_ok!(refund(0));
		assert_ok!(close(0));
		assert_noop!(close(0), Error::<Test>::UnknownRow);
		assert_noop!(refund(0), Error::<Test>::UnknownRow);
	});
}

#[test]
fn open_should_fail_when_the_job_has_a_row() {
	run(|| {
		open(0);
		assert_noop!(<Escrow as EscrowTrait<u64>>::open(0, &PAYER, MILL, 0), Error::<Test>::AlreadyOpen);
	});
}

#[test]
fn open_should_leave_the_existential_deposit() {
	run(|| {
		let most = FUNDS - MILLI_MILL;
		assert_noop!(<Escrow as EscrowTrait<u64>>::open(0, &PAYER, most, 1), Error::<Test>::InsufficientBalance);
		assert_ok!(<Escrow as EscrowTrait<u64>>::open(0, &PAYER, most, 0));
	});
}

proptest! {
	#[test]
	fn money_should_be_conserved_when_rows_are_settled_at_random(
		steps in prop::collection::vec((0..6u64, 0..4u8, 0..3 * MILL), 1..60)
	) {
		run(|| {
			for (job, step, amount) in steps {
				// As in a call: an error leaves nothing behind.
				let _ = frame::deps::frame_support::storage::with_storage_layer(|| match step {
					0 => <Escrow as EscrowTrait<u64>>::open(job, &PAYER, amount, amount / 7),
					1 => pay(job, amount),
					2 => refund(job),
					3 => <Escrow as EscrowTrait<u64>>::top_up(job, amount),
					_ => close(job),
				});
				Escrow::do_try_state().unwrap();
			}
		});
	}
}

#[test]
fn account_should_show_what_is_held_and_for_which_jobs() {
	run(|| {
		open(3);
		open(5);
		Paid::set(vec![3, 5]);
		assert_ok!(refund(3));
		let shown = Escrow::account(PAYER, None);
		assert_eq!(shown.held, MILL + 2 * MILLI_MILL);
		assert_eq!(shown.rows.items, vec![(3, Escrow::row(3).unwrap()), (5, Escrow::row(5).unwrap())]);
		assert_eq!(Escrow::account(PAYER, Some(3)).rows.items.len(), 1);
		assert_eq!(Escrow::account(PAYEE, None).held, 0);
		assert_eq!(Escrow::row(4), None);
	});
}

#[test]
fn account_should_come_page_by_page_when_it_has_many_rows() {
	run(|| {
		let jobs: Vec<u64> = (0..u64::from(MAX_PAGE) + 1).collect();
		for job in &jobs {
			assert_ok!(<Escrow as EscrowTrait<u64>>::open(*job, &PAYER, MILLI_MILL, MILLI_MILL));
		}
		Paid::set(jobs);
		let first = Escrow::account(PAYER, None);
		assert_eq!((first.rows.items.len(), first.rows.next), (MAX_PAGE as usize, Some(u64::from(MAX_PAGE) - 1)));
		let second = Escrow::account(PAYER, first.rows.next);
		assert_eq!((second.rows.items.len(), second.rows.next), (1, None));
		assert_eq!((first.held, second.held), (65 * 2 * MILLI_MILL, 65 * 2 * MILLI_MILL));
	});
}
