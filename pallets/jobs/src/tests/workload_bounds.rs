use super::*;

fn submit(params: JobParams) -> DispatchResult {
	let model = match params.workload {
		Workload::Chat(_) | Workload::Generate(_) | Workload::Conversation(_) => MODEL,
		other => model_of(kind_for(&other)),
	};
	Jobs::submit(signed(account("alice")), model, b"hi".to_vec(), params, MAX_FEE, None)
}

/// Each of the workloads of text, with this sampling.
fn text(sampling: Sampling) -> [JobParams; 3] {
	[Workload::Chat(sampling), Workload::Generate(sampling), Workload::Conversation(sampling)].map(JobParams::of)
}

#[test]
fn submit_should_take_each_workload_when_the_model_fits() {
	run(|| {
		for workload in WORKLOADS {
			assert_ok!(submit(JobParams::of(workload)));
		}
	});
}

#[test]
fn submit_should_fail_when_the_model_does_other_work() {
	run(|| {
		let models = ModelKind::ALL.map(|kind| (kind, model_of(kind)));
		for workload in WORKLOADS {
			for (kind, model) in models {
				let submit = || {
					Jobs::submit(
						signed(account("alice")),
						model,
						b"hi".to_vec(),
						JobParams::of(workload),
						MAX_FEE,
						None,
					)
				};
				let fits = match workload {
					Workload::Chat(_) | Workload::Generate(_) | Workload::Conversation(_) => kind == ModelKind::Text,
					Workload::Embed => kind == ModelKind::Text || kind == ModelKind::Embedding,
					Workload::Bench { .. } => kind == ModelKind::Bench,
					Workload::Image { .. } => kind == ModelKind::Image,
					Workload::Task { .. } => kind == ModelKind::Task,
				};
				if fits {
					assert_ok!(submit());
				} else {
					assert_noop!(submit(), Error::<Test>::WrongKind);
				}
				assert_eq!(Jobs::quote(model, JobParams::of(workload), 2).is_ok(), fits);
			}
		}
	});
}

#[test]
fn submit_should_fail_when_max_tokens_is_zero() {
	run(|| {
		for params in text(Sampling::greedy(0)) {
			assert_noop!(submit(params), Error::<Test>::MaxTokensZero);
		}
	});
}

#[test]
fn submit_should_fail_when_max_tokens_is_above_the_context() {
	run(|| {
		for (most, above) in text(Sampling::greedy(CONTEXT)).into_iter().zip(text(Sampling::greedy(CONTEXT + 1))) {
			assert_ok!(submit(most));
			assert_noop!(submit(above), Error::<Test>::MaxTokensAboveContext);
		}
	});
}

#[test]
fn submit_should_fail_when_the_temperature_is_too_high() {
	run(|| {
		let at = |temperature_milli| text(Sampling { temperature_milli, ..Sampling::greedy(8) });
		for (most, above) in at(2_000).into_iter().zip(at(2_001)) {
			assert_ok!(submit(most));
			assert_noop!(submit(above), Error::<Test>::TemperatureTooHigh);
		}
	});
}

#[test]
fn submit_should_fail_when_top_p_is_out_of_range() {
	run(|| {
		let at = |top_p_milli| text(Sampling { top_p_milli, ..Sampling::greedy(8) });
		for params in [at(1), at(1_000)].concat() {
			assert_ok!(submit(params));
		}
		for params in [at(0), at(1_001)].concat() {
			assert_noop!(submit(params), Error::<Test>::TopPOutOfRange);
		}
	});
}

#[test]
fn submit_should_fail_when_a_benchmarks_size_is_out_of_range() {
	run(|| {
		let at = |size| JobParams::of(Workload::Bench { size, rounds: 1 });
		let model = model_of(ModelKind::Bench);
		let submit = |params| Jobs::submit(signed(account("alice")), model, b"hi".to_vec(), params, MAX_FEE, None);
		assert_ok!(submit(at(64)));
		assert_ok!(submit(at(2_048)));
		for size in [0, 63, 2_049, u32::MAX] {
			assert_noop!(submit(at(size)), Error::<Test>::BenchSizeOutOfRange);
		}
	});
}

#[test]
fn submit_should_fail_when_a_benchmarks_rounds_are_out_of_range() {
	run(|| {
		let at = |rounds| JobParams::of(Workload::Bench { size: 64, rounds });
		let model = model_of(ModelKind::Bench);
		let submit = |params| Jobs::submit(signed(account("alice")), model, b"hi".to_vec(), params, MAX_FEE, None);
		assert_ok!(submit(at(256)));
		for rounds in [0, 257, u32::MAX] {
			assert_noop!(submit(at(rounds)), Error::<Test>::BenchRoundsOutOfRange);
		}
	});
}

#[test]
fn submit_should_fail_when_an_images_side_is_out_of_range() {
	run(|| {
		let at = |width, height| JobParams::of(Workload::Image { width, height, steps: 1, guidance_milli: 0 });
		let model = model_of(ModelKind::Image);
		let submit = |params| Jobs::submit(signed(account("alice")), model, b"hi".to_vec(), params, MAX_FEE, None);
		assert_ok!(submit(at(64, 2_048)));
		for side in [0, 56, 65, 2_047, 2_056, u16::MAX] {
			assert_noop!(submit(at(side, 64)), Error::<Test>::ImageSideOutOfRange);
			assert_noop!(submit(at(64, side)), Error::<Test>::ImageSideOutOfRange);
		}
	});
}

#[test]
fn submit_should_fail_when_an_images_steps_or_guidance_are_out_of_range() {
	run(|| {
		let at =
			|steps, guidance_milli| JobParams::of(Workload::Image { width: 64, height: 64, steps, guidance_milli });
		let model = model_of(ModelKind::Image);
		let submit = |params| Jobs::submit(signed(account("alice")), model, b"hi".to_vec(), params, MAX_FEE, None);
		assert_ok!(submit(at(150, 30_000)));
		for steps in [0, 151, u16::MAX] {
			assert_noop!(submit(at(steps, 0)), Error::<Test>::ImageStepsOutOfRange);
		}
		assert_noop!(submit(at(1, 30_001)), Error::<Test>::GuidanceTooHigh);
	});
}

#[test]
fn submit_should_fail_when_a_tasks_output_or_time_is_out_of_range() {
	run(|| {
		let at = |max_output_bytes, max_seconds, timeout| JobParams {
			timeout,
			..JobParams::of(Workload::Task { max_output_bytes, max_seconds })
		};
		let model = model_of(ModelKind::Task);
		let submit = |params| Jobs::submit(signed(account("alice")), model, b"{}".to_vec(), params, MAX_FEE, None);
		assert_ok!(submit(at(1, 600, 600)));
		assert_ok!(submit(at(65_536, 1, 2)));
		for bytes in [0, 65_537, u32::MAX] {
			assert_noop!(submit(at(bytes, 1, 60)), Error::<Test>::TaskOutputOutOfRange);
		}
		for seconds in [0, 3_601, u32::MAX] {
			assert_noop!(submit(at(1, seconds, 60)), Error::<Test>::TaskSecondsOutOfRange);
		}
		assert_noop!(submit(at(1, 61, 60)), Error::<Test>::TaskSecondsAboveTimeout);
	});
}

#[test]
fn submit_should_fail_when_the_rate_limit_is_per_token_and_the_work_has_none() {
	run(|| {
		for workload in WORKLOADS {
			let limited = |rate| JobParams { max_rate: Some(rate), ..JobParams::of(workload) };
			let model = model_of(kind_for(&workload));
			let submit =
				|rate| Jobs::submit(signed(account("alice")), model, b"hi".to_vec(), limited(rate), MAX_FEE, None);
			assert_ok!(submit(Rate::PerGpuSecond(MILL)));
			if kind_for(&workload).has_tokens() {
				assert_ok!(submit(RATE));
			} else {
				assert_noop!(submit(RATE), Error::<Test>::MaxRateUnit);
			}
		}
	});
}

#[test]
fn deposit_should_be_for_the_longest_output_when_a_job_comes() {
	run(|| {
		for (workload, most) in WORKLOADS.into_iter().zip([16_384, 16_384, 16_384, 32_768, 32, 1_024, 2_000]) {
			let before = held("alice");
			assert_ok!(submit(JobParams::of(workload)));
			assert_eq!(held("alice") - before, MAX_FEE + MILLI_MILL + 1_000_000 * (2 + most), "{workload:?}");
		}
	});
}
