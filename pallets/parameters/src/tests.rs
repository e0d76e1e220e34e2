use crate::{mock::*, Current, Error, Event, MinFee, MinStake, Parameter, Parameters, StakePerSlot, UnbondingPeriod};
use frame::testing_prelude::*;

fn set(parameter: Parameter) -> DispatchResult {
	Settings::set(RuntimeOrigin::root(), parameter)
}

/// The parameter, moved by `by`.
fn moved(parameter: Parameter, by: i8) -> Parameter {
	let amount = |value: u128| value.checked_add_signed(by.into()).unwrap();
	let blocks = |value: u32| value.checked_add_signed(by.into()).unwrap();
	use Parameter::*;
	match parameter {
		MinFee(value) => MinFee(amount(value)),
		DepositBase(value) => DepositBase(amount(value)),
		DepositPerByte(value) => DepositPerByte(amount(value)),
		QueueTimeout(value) => QueueTimeout(blocks(value)),
		MinTimeout(value) => MinTimeout(blocks(value)),
		MaxTimeout(value) => MaxTimeout(blocks(value)),
		RetentionPeriod(value) => RetentionPeriod(blocks(value)),
		MinStake(value) => MinStake(amount(value)),
		StakePerSlot(value) => StakePerSlot(amount(value)),
		UnbondingPeriod(value) => UnbondingPeriod(blocks(value)),
		ModelDeposit(value) => ModelDeposit(amount(value)),
	}
}

#[test]
fn parameters_should_be_the_initial_ones_when_none_was_changed() {
	run(|| {
		assert_eq!(Current::<Test>::get(), INITIAL);
		assert_eq!(MinFee::<Test>::get(), INITIAL.min_fee);
	});
}

#[test]
fn set_should_change_one_parameter_and_tell_both_values() {
	run(|| {
		assert_ok!(set(Parameter::MinFee(7)));
		assert_eq!(Current::<Test>::get(), Parameters { min_fee: 7, ..INITIAL });
		assert_eq!(MinFee::<Test>::get(), 7);
		System::assert_last_event(
			Event::Changed { from: Parameter::MinFee(INITIAL.min_fee), to: Parameter::MinFee(7) }.into(),
		);
		assert_ok!(set(Parameter::UnbondingPeriod(15_000)));
		assert_eq!(Current::<Test>::get(), Parameters { min_fee: 7, unbonding_period: 15_000, ..INITIAL });
	});
}

#[test]
fn each_parameter_should_have_a_getter_of_its_own() {
	run(|| {
		for parameter in HIGHEST.each() {
			assert_ok!(set(parameter));
		}
		assert_eq!(Current::<Test>::get(), HIGHEST);
		assert_eq!(MinStake::<Test>::get(), HIGHEST.min_stake);
		assert_eq!(StakePerSlot::<Test>::get(), HIGHEST.stake_per_slot);
		assert_eq!(UnbondingPeriod::<Test>::get(), HIGHEST.unbonding_period);
	});
}

#[test]
fn set_should_refuse_each_parameter_when_below_its_bound() {
	run(|| {
		for parameter in LOWEST.each() {
			assert_noop!(set(moved(parameter, -1)), Error::<Test>::BelowLowest);
			assert_ok!(set(parameter));
		}
		assert_eq!(Current::<Test>::get(), LOWEST);
	});
}

#[test]
fn set_should_refuse_each_parameter_when_above_its_bound() {
	run(|| {
		for parameter in HIGHEST.each() {
			assert_noop!(set(moved(parameter, 1)), Error::<Test>::AboveHighest);
			assert_ok!(set(parameter));
		}
		assert_eq!(Current::<Test>::get(), HIGHEST);
	});
}

#[test]
fn set_should_fail_when_not_from_the_admin() {
	run(|| {
		let parameter = Parameter::MinFee(7);
		assert_noop!(Settings::set(RuntimeOrigin::signed(1), parameter), DispatchError::BadOrigin);
		assert_noop!(Settings::set(RuntimeOrigin::none(), parameter), DispatchError::BadOrigin);
	});
}

#[test]
fn config_should_be_refused_when_its_bounds_let_values_contradict() {
	run(|| {
		assert_ok!(Settings::check_config());
		let refused = |lowest, highest, initial| {
			LowestParameters::set(lowest);
			HighestParameters::set(highest);
			InitialParameters::set(initial);
			let refused = Settings::check_config().is_err();
			LowestParameters::set(LOWEST);
			HighestParameters::set(HIGHEST);
			InitialParameters::set(INITIAL);
			refused
		};
		assert!(refused(LOWEST, HIGHEST, Parameters { min_fee: 0, ..INITIAL }));
		assert!(refused(Parameters { min_timeout: 0, ..LOWEST }, HIGHEST, INITIAL));
		assert!(refused(Parameters { queue_timeout: 0, ..LOWEST }, HIGHEST, INITIAL));
		assert!(refused(LOWEST, Parameters { min_timeout: 51, ..HIGHEST }, INITIAL));
		assert!(refused(Parameters { stake_per_slot: 0, ..LOWEST }, HIGHEST, INITIAL));
		assert!(refused(Parameters { unbonding_period: 6_300, ..LOWEST }, HIGHEST, INITIAL));
	});
}
