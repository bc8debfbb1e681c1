export {
  applySchedules,
  describeSchedules,
  pauseSchedules,
  resumeSchedules,
  type AppliedSchedule,
  type ScheduleStatus,
} from './schedules';
export { registerSearchAttributes } from './search-attributes';
