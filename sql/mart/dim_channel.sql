-- dim_channel: one row a channel that campaigns, touches or spend name.
-- In: line_channels, spend_by_quarter.
SELECT channel FROM line_channels
UNION
SELECT channel FROM spend_by_quarter
ORDER BY channel
