//! What the call takes at the worst.

use frame::benchmarking::prelude::*;

use crate::*;

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn set() -> Result<(), BenchmarkError> {
		let origin = T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;
		let parameter = crate::Parameter::MinFee(T::Highest::get().min_fee);

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, parameter);

		assert_eq!(Current::<T>::get().min_fee, T::Highest::get().min_fee);
		Pallet::<T>::do_try_state()?;
		Ok(())
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::externalities(), crate::mock::Test);
}
