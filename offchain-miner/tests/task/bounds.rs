//! Memory, processes, time, disk.

use super::*;

#[tokio::test]
async fn whole_group_should_be_dead_when_one_process_takes_too_much_memory() {
	let script = "import os, time\n\
		if os.fork() == 0:\n\
		\tos.setsid()\n\
		\ttime.sleep(600)\n\
		if os.fork() == 0:\n\
		\thoard = []\n\
		\twhile True: hoard.append(b'x' * 5_000_000)\n\
		time.sleep(600)";
	let bench = Bench::python(script, "memory_mb = 150");
	assert_eq!(code(bench.plain().await), FailCode::OutOfMemory);
	assert_eq!(bench.survivors(), Vec::<String>::new());
}

#[tokio::test]
async fn memory_should_be_refused_when_the_address_space_is_over() {
	let script = "try:\n\tb'x' * 900_000_000\nexcept MemoryError:\n\tprint('refused')";
	let bench = Bench::python(script, "memory_mb = 2000\naddress_space_mb = 600");
	assert_eq!(printed(&bench.plain().await.unwrap()), "refused");
}

#[tokio::test]
async fn fork_bomb_should_stop_when_there_are_enough_processes() {
	let script = "import os, time\n\
		made = 0\n\
		try:\n\
		\twhile made < 500:\n\
		\t\tif os.fork() == 0:\n\
		\t\t\ttime.sleep(600)\n\
		\t\tmade += 1\n\
		except OSError:\n\
		\tprint(made)";
	let bench = Bench::python(script, "processes = 8\nmemory_mb = 1000");
	let manifest = bench.plain().await.unwrap();
	assert_eq!(printed(&manifest), "7");
	assert_eq!(bench.survivors(), Vec::<String>::new());
}

#[tokio::test]
async fn exponential_fork_bomb_should_end_when_its_time_is_over() {
	let script = "import os\n\
		while True:\n\
		\ttry: os.fork()\n\
		\texcept OSError: pass";
	let bench = Bench::python(script, "processes = 30\nmemory_mb = 2000\nrun_secs = 2");
	assert_eq!(code(bench.plain().await), FailCode::Timeout);
	assert_eq!(bench.survivors(), Vec::<String>::new());
}

#[tokio::test]
async fn task_should_end_when_its_time_is_over() {
	let script = "import os, signal, time\n\
		for number in range(1, 32):\n\
		\ttry: signal.signal(number, signal.SIG_IGN)\n\
		\texcept OSError: pass\n\
		os.fork()\n\
		time.sleep(600)";
	let bench = Bench::python(script, "run_secs = 1");
	let began = Instant::now();
	assert_eq!(code(bench.plain().await), FailCode::Timeout);
	assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
	assert_eq!(bench.survivors(), Vec::<String>::new());
}

#[tokio::test]
async fn task_should_end_when_the_time_of_its_job_is_over() {
	let bench = Bench::python("import time; time.sleep(600)", "");
	let job =
		TaskJob { limits: TaskLimits { time: Duration::from_secs(1), max_output_bytes: 65_536 }, ..job(json!({})) };
	let error = bench.runner().await.run(job, CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::Timeout);
}

#[tokio::test]
async fn task_should_end_when_its_computing_time_is_over() {
	let bench = Bench::python("while True: pass", "cpu_secs = 1");
	assert_eq!(code(bench.plain().await), FailCode::Timeout);
}

#[tokio::test]
async fn task_should_end_when_it_makes_too_many_files() {
	let script = "n = 0\nwhile True:\n\topen(f'work/{n}', 'w')\n\tn += 1\n\tif n == 20_000: break";
	let bench = Bench::python(script, "disk_files = 100");
	assert_eq!(code(bench.plain().await), FailCode::Denied);
}

#[tokio::test]
async fn task_should_end_when_it_takes_too_much_disk() {
	for script in [
		// One large file, many small ones, and what it prints.
		"f = open('work/a', 'wb')\nwhile True: f.write(b'x' * 1_000_000)",
		"for n in range(100): open(f'output/{n}', 'wb').write(b'x' * 500_000)",
		"while True: print('x' * 100_000)",
	] {
		let bench = Bench::python(script, "disk_mb = 15");
		// Python ignores the signal that says so, and ends with an error.
		let result = bench.plain().await;
		assert!(
			result.as_ref().is_err_and(|error| error.code == FailCode::Denied)
				|| result.as_ref().is_ok_and(|manifest| manifest.stderr.tail.contains("File too large")),
			"{result:?}"
		);
	}
}

#[tokio::test]
async fn output_should_be_refused_when_it_is_larger_than_the_job_says() {
	let bench = Bench::python("open('output/o', 'w').write('123456')", "");
	let output = json!({"path": "o", "media_type": "text/plain", "max_bytes": 5});
	assert_eq!(code(bench.run(json!({"outputs": [output]})).await), FailCode::BadInput);
	let output = json!({"path": "o", "media_type": "text/plain", "max_bytes": 11_000_000});
	assert_eq!(code(bench.run(json!({"outputs": [output]})).await), FailCode::Denied);
}

#[tokio::test]
async fn output_should_be_refused_when_it_is_a_symbolic_link() {
	let bench = Bench::python("import os; os.symlink('/etc/passwd', 'output/o')", "");
	let output = json!({"path": "o", "media_type": "text/plain", "max_bytes": 10_000});
	assert_eq!(code(bench.run(json!({"outputs": [output]})).await), FailCode::EngineError);
}

#[tokio::test]
async fn manifest_should_leave_out_what_was_printed_when_the_job_takes_few_bytes() {
	let bench = Bench::python("print('x' * 2_000)", "");
	let limited = |max_output_bytes| TaskJob {
		limits: TaskLimits { time: Duration::from_secs(60), max_output_bytes },
		..job(json!({}))
	};
	let runner = bench.runner().await;
	let outcome = runner.run(limited(300), CancellationToken::new()).await.unwrap();
	assert_eq!((manifest(&outcome).stdout.bytes, manifest(&outcome).stdout.tail.as_str()), (2_001, ""));
	let error = runner.run(limited(50), CancellationToken::new()).await.unwrap_err();
	assert_eq!(error.code, FailCode::BadInput);
}
