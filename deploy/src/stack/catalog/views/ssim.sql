-- One row for each frame.
SELECT
    f.aws_batch_job_id,
    f.aws_batch_jq_name,
    f.aws_batch_ce_name,
    frame.n AS n,
    frame.ssim_y AS ssim_y,
    frame.ssim_u AS ssim_u,
    frame.ssim_v AS ssim_v,
    frame.ssim_avg AS ssim_avg,
    nullif(regexp_extract(f.aws_batch_jq_name, 'job-queue-([a-z0-9-]+?)(-pinned)?$', 1), '') AS compute,
    f.output,
    f.stream,
    f.year,
    f.month,
    f.day
FROM {name}.{name}_ffqm AS f
CROSS JOIN UNNEST(f.ssim) AS t(frame)
