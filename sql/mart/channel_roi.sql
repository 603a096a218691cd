-- channel_roi: channel × fiscal quarter × model × basis. Over all lines, amount sums to booked revenue.
-- In: channel_lines (roi of channels). A channel's touched deals are not the sum of its campaigns'.
SELECT * EXCLUDE (quarter, campaign_id, touched_deals, default_amount, least_amount, greatest_amount, rank, can_credit)
FROM channel_lines
WHERE quarter IS NOT NULL
ORDER BY basis, model, quarter, line, channel, residual
