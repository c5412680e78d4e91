-- One row for each job: its last attempt. Scores are those of the first output that has any.
WITH attempts AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY job_id ORDER BY attempt DESC) AS newest,
        element_at(filter(quality.outputs, o -> cardinality(o.scores) > 0), 1).scores AS scores,
        reduce(commands, CAST(0 AS double), (sum, c) -> sum + coalesce(c.seconds, 0), sum -> sum) AS command_sec,
        CAST(replace(replace(substr(started, 1, 23), 'T', ' '), 'Z', '') AS timestamp) AS began,
        CAST(replace(replace(substr(finished, 1, 23), 'T', ' '), 'Z', '') AS timestamp) AS ended
    FROM {name}.{name}_jobs
)
SELECT
    a.job_id,
    a.name,
    CAST(a.attempt AS bigint) AS attempt,
    a.exit,
    a.failure.stage AS failed_stage,
    a.failure.message AS cause,
    a.began AS started,
    a.ended AS finished,
    nullif(regexp_extract(a.machine.job_queue, 'job-queue-([a-z0-9-]+?)(-pinned)?$', 1), '') AS compute,
    a.machine.job_queue AS aws_batch_jq_name,
    a.machine.compute_environment AS aws_batch_ce_name,
    a.machine.instance_type.name AS instance_type,
    a.machine.instance_life_cycle AS purchase,
    a.machine.availability_zone AS availability_zone,
    a.machine.architecture AS architecture,
    a.machine.cpu_model AS cpu_model,
    CAST(a.machine.vcpus AS bigint) AS vcpus,
    CAST(coalesce(cardinality(a.machine.gpus), 0) AS bigint) AS gpus,
    CAST(date_diff('millisecond', a.began, a.ended) AS double) / 1000 AS seconds,
    element_at(filter(a.stages, s -> s.stage = 'check'), 1).seconds AS check_sec,
    element_at(filter(a.stages, s -> s.stage = 'fetch'), 1).seconds AS download_sec,
    element_at(filter(a.stages, s -> s.stage = 'transcode'), 1).seconds AS cmd_execution_sec,
    element_at(filter(a.stages, s -> s.stage = 'publish'), 1).seconds AS upload_sec,
    element_at(filter(a.stages, s -> s.stage = 'measure'), 1).seconds AS quality_metrics_sec,
    CAST(date_diff('millisecond', a.began, a.ended) AS double) / 1000 * a.machine.vcpus AS vcpu_sec,
    reduce(a.commands, CAST(0 AS double), (sum, c) -> sum + coalesce(c.cpu_seconds, 0), sum -> sum) AS cpu_sec,
    reduce(a.commands, CAST(0 AS bigint), (most, c) -> greatest(most, coalesce(c.peak_memory_bytes, 0)), most -> most) AS peak_memory_bytes,
    element_at(a.commands, -1).frames AS frames,
    CASE WHEN a.command_sec > 0 THEN element_at(a.commands, -1).frames / a.command_sec END AS frames_per_sec,
    element_at(a.commands, -1).out_time_secs AS media_sec,
    reduce(a.inputs, CAST(0 AS bigint), (sum, f) -> sum + coalesce(f.bytes, 0), sum -> sum) AS input_bytes,
    reduce(a.outputs, CAST(0 AS bigint), (sum, f) -> sum + coalesce(f.bytes, 0), sum -> sum) AS output_bytes,
    CAST(replace(element_at(filter(a.scores, s -> s.metric = 'psnr'), 1).mean, 'inf', 'Infinity') AS double) AS psnr,
    CAST(element_at(filter(a.scores, s -> s.metric = 'ssim'), 1).mean AS double) AS ssim,
    CAST(element_at(filter(a.scores, s -> s.metric = 'vmaf'), 1).mean AS double) AS vmaf,
    array_join(element_at(a.commands, -1).command, ' ') AS command,
    a.ffmpeg.version AS ffmpeg,
    a.year,
    a.month,
    a.day
FROM attempts AS a
WHERE a.newest = 1
