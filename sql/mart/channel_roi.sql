-- channel_roi: channel × fiscal quarter × model × basis. Over all lines, amount sums to booked revenue.
-- In: roi. A channel's touched deals are not the sum of its campaigns'.
SELECT * EXCLUDE (grain, quarter, campaign_id, touched_deals)
FROM roi
WHERE grain = 'channel'
ORDER BY basis, model, quarter, line, channel, residual
