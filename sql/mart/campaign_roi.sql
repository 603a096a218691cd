-- campaign_roi: line × fiscal quarter × model × basis. Over all lines, amount sums to booked revenue.
-- In: roi.
SELECT * EXCLUDE (grain, quarter)
FROM roi
WHERE grain = 'campaign'
ORDER BY basis, model, quarter, line, campaign_id, channel, residual
