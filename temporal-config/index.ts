export {
  applySchedules,
  describeSchedules,
  pauseSchedules,
  resumeSchedules,
  type ScheduleStatus,
} from './schedules';
export { registerSearchAttributes } from './search-attributes';
