-- One row for each frame.
SELECT
    f.aws_batch_job_id,
    f.aws_batch_jq_name,
    f.aws_batch_ce_name,
    frame.n AS n,
    frame.mse_avg AS mse_avg,
    frame.mse_y AS mse_y,
    frame.mse_u AS mse_u,
    frame.mse_v AS mse_v,
    CAST(replace(frame.psnr_avg, 'inf', 'Infinity') AS double) AS psnr_avg,
    CAST(replace(frame.psnr_y, 'inf', 'Infinity') AS double) AS psnr_y,
    CAST(replace(frame.psnr_u, 'inf', 'Infinity') AS double) AS psnr_u,
    CAST(replace(frame.psnr_v, 'inf', 'Infinity') AS double) AS psnr_v,
    nullif(regexp_extract(f.aws_batch_jq_name, 'job-queue-([a-z0-9-]+?)(-pinned)?$', 1), '') AS compute,
    f.output,
    f.stream,
    f.year,
    f.month,
    f.day
FROM {name}.{name}_ffqm AS f
CROSS JOIN UNNEST(f.psnr) AS t(frame)
